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
        // The code of the guide "Windows that close".
        .executableTarget(
            name: "window-guide",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostGTK", package: "Roost"),
            ]),
        // The window that README.md shows.
        .executableTarget(
            name: "readme-window",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostGTK", package: "Roost"),
            ]),
        // GTK as code sees it that knows nothing of Roost.
        .systemLibrary(name: "COtherBindings", path: "Tests/COtherBindings", pkgConfig: "gtk4"),
        .executableTarget(
            name: "odd-window",
            dependencies: [
                "COtherBindings", .product(name: "Roost", package: "Roost"),
                .product(name: "RoostGTK", package: "Roost"),
                .product(name: "RoostTesting", package: "Roost"),
            ],
            path: "Tests/OddWindow"),
        .testTarget(
            name: "TaskWindowTests",
            dependencies: [
                "task-window", "odd-window", "window-guide",
                .product(name: "ProgramTesting", package: "program-testing"),
                .product(name: "WindowTesting", package: "program-testing"),
            ]),
    ],
    swiftLanguageModes: [.v6]
)
