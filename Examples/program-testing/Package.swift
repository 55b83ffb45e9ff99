// swift-tools-version: 6.2

import PackageDescription

// What the tests of the examples need to run whole programs: with pipes or a terminal, in windows, from outside.
let package = Package(
    name: "program-testing",
    products: [
        .library(name: "CProgramDoor", targets: ["CProgramDoor"]),
        .library(name: "ProgramTesting", targets: ["ProgramTesting"]),
        .library(name: "WindowTesting", targets: ["WindowTesting"]),
    ],
    targets: [
        .target(name: "CProgramDoor"),
        .target(name: "ProgramTesting", dependencies: ["CProgramDoor"]),
        .systemLibrary(name: "CXCB", pkgConfig: "xcb", providers: [.apt(["libxcb1-dev"])]),
        .target(
            name: "WindowTesting", dependencies: ["CXCB", "ProgramTesting"],
            resources: [.copy("Resources/screen-reader.py")]),
    ],
    swiftLanguageModes: [.v6]
)
