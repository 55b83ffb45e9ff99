// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "off-main-actor",
    dependencies: [.package(name: "Roost", path: "../../..", traits: ["GTK"])],
    targets: [
        .executableTarget(
            name: "off-main-actor",
            dependencies: [.product(name: "Roost", package: "Roost"), .product(name: "RoostGTK", package: "Roost")])
    ],
    swiftLanguageModes: [.v6]
)
