// swift-tools-version: 6.2
import PackageDescription

// The code of README.md and of the guides in the DocC catalogs, so that what they show compiles and runs.
// Scripts/check-guides holds each shown block against these files.
let package = Package(
    name: "guides",
    dependencies: [
        .package(name: "Roost", path: "../..")
    ],
    targets: [
        .executableTarget(name: "readme", dependencies: [.product(name: "Roost", package: "Roost")]),
        .executableTarget(name: "roost-getting-started", dependencies: [.product(name: "Roost", package: "Roost")]),
        .executableTarget(name: "shutdown-getting-started", dependencies: [.product(name: "Roost", package: "Roost")]),
        .executableTarget(
            name: "terminal-getting-started",
            dependencies: [
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostTerminal", package: "Roost"),
            ]
        ),
        .executableTarget(
            name: "process-guide",
            dependencies: [
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostApp", package: "Roost"),
                .product(name: "RoostProcess", package: "Roost"),
            ]
        ),
        .executableTarget(
            name: "crash-guide",
            dependencies: [
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostApp", package: "Roost"),
                .product(name: "RoostCrash", package: "Roost"),
                .product(name: "RoostTerminal", package: "Roost"),
            ]
        ),
        .testTarget(
            name: "TestingGuideTests",
            dependencies: [
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostTesting", package: "Roost"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
