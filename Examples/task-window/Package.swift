// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "task-window",
    dependencies: [.package(name: "Roost", path: "../..", traits: ["GTK"])],
    targets: [
        .executableTarget(
            name: "task-window",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostGTK", package: "Roost"),
            ])
    ],
    swiftLanguageModes: [.v6]
)
