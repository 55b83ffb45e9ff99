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
        .target(
            name: "WindowTesting", dependencies: ["ProgramTesting"], resources: [.copy("Resources/screen-reader.py")]),
    ],
    swiftLanguageModes: [.v6]
)
