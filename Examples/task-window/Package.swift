// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "task-window",
    dependencies: [
        .package(name: "Roost", path: "../..", traits: ["GTK"]),
        .package(path: "../program-testing"),  // for its tests alone
    ],
    targets: [
        .executableTarget(
            name: "task-window",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostGTK", package: "Roost"),
            ]),
        .testTarget(
            name: "TaskWindowTests",
            dependencies: [
                "task-window", .product(name: "ProgramTesting", package: "program-testing"),
                .product(name: "WindowTesting", package: "program-testing"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
