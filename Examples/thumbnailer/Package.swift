// swift-tools-version: 6.2

import PackageDescription

let package = Package(
    name: "thumbnailer",
    products: [
        .executable(name: "thumbnailer", targets: ["thumbnailer"]),
        .library(name: "ThumbnailKit", targets: ["ThumbnailKit"]),
    ],
    traits: [
        .trait(name: "Window", description: "The thumbnailer's window, with GTK; without it, it runs in a terminal.")
    ],
    dependencies: [
        .package(name: "Roost", path: "../..", traits: [.trait(name: "GTK", condition: .when(traits: ["Window"]))]),
        .package(path: "../program-testing"),
    ],
    targets: [
        // gdk-pixbuf and the GLib it stands on. Every function the kit needs is importable as it is (the variadic
        // ones have array twins), so there is no C code of our own between Swift and the library.
        .systemLibrary(
            name: "CGdkPixbufSystem",
            pkgConfig: "gdk-pixbuf-2.0",
            providers: [.apt(["libgdk-pixbuf-2.0-dev"])]
        ),
        .target(name: "ThumbnailKit", dependencies: ["CGdkPixbufSystem"]),
        // Decoding in worker processes.
        .target(
            name: "ThumbnailDecoding",
            dependencies: [
                "ThumbnailKit", .product(name: "Roost", package: "Roost"),
                .product(name: "RoostProcess", package: "Roost"),
            ]),
        .executableTarget(
            name: "thumbnailer",
            dependencies: [
                "ThumbnailDecoding", "ThumbnailKit",
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostApp", package: "Roost"),
                .product(name: "RoostCrash", package: "Roost"),
                .product(name: "RoostTerminal", package: "Roost"),
                .product(name: "RoostGTK", package: "Roost", condition: .when(traits: ["Window"])),
            ]
        ),
        .testTarget(name: "ThumbnailKitTests", dependencies: ["ThumbnailKit", "CGdkPixbufSystem"]),
        // With the real workers, which are the program.
        .testTarget(
            name: "ThumbnailDecodingTests",
            dependencies: [
                "ThumbnailDecoding", "ThumbnailKit", "thumbnailer",
                .product(name: "ProgramTesting", package: "program-testing"),
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostProcess", package: "Roost"),
            ]),
        // Whole programs: the thumbnailer itself, and one that uses Roost in odd ways.
        .executableTarget(
            name: "odd-program",
            dependencies: [
                .product(name: "CProgramDoor", package: "program-testing"),
                .product(name: "Roost", package: "Roost"),
                .product(name: "RoostTerminal", package: "Roost"),
            ],
            path: "Tests/OddProgram"
        ),
        .testTarget(
            name: "ProgramTests",
            dependencies: [
                .product(name: "ProgramTesting", package: "program-testing"),
                .product(name: "WindowTesting", package: "program-testing", condition: .when(traits: ["Window"])),
                "thumbnailer", "odd-program",
            ]),
    ],
    swiftLanguageModes: [.v6]
)
