// swift-tools-version: 6.2
import PackageDescription

// The core and its neighbours have no dependency. Toolkits sit behind traits, off by default, so that a user of `Roost`
// alone fetches and links nothing else.
let package = Package(
    name: "Roost",
    products: [
        .library(name: "Roost", targets: ["Roost"]),
        .library(name: "RoostProcess", targets: ["RoostProcess"]),
        .library(name: "RoostApp", targets: ["RoostApp"]),
        .library(name: "RoostTerminal", targets: ["RoostTerminal"]),
        .library(name: "RoostTesting", targets: ["RoostTesting"]),
        .library(name: "RoostCrash", targets: ["RoostCrash"]),
        .library(name: "RoostCrashReport", targets: ["RoostCrashReport"]),
        .library(name: "RoostCrashReportJSON", targets: ["RoostCrashReportJSON"]),
        .library(name: "RoostGTK", targets: ["RoostGTK"]),
    ],
    traits: [
        .trait(
            name: "GTK", description: "Windows with GTK 4.8 or newer: the product RoostGTK, empty without this trait.")
    ],
    targets: [
        .target(name: "CRoostLedger"),
        .target(name: "CRoostPlatform", linkerSettings: [.linkedLibrary("dispatch")]),
        .target(name: "Roost", dependencies: ["CRoostLedger", "CRoostPlatform"]),
        .target(name: "CRoostStacks"),
        .target(name: "CRoostProcess", dependencies: ["CRoostStacks"]),
        .target(
            name: "RoostProcess",
            dependencies: ["Roost", "RoostCrashReport", "RoostSymbols", "CRoostProcess", "CRoostStacks"]),
        .target(name: "CRoostCode"),
        .target(name: "RoostSymbols", dependencies: ["RoostCrashReport", "CRoostCode", "CRoostStacks"]),
        .target(name: "CRoostCrash", dependencies: ["CRoostLedger", "CRoostStacks"]),
        .target(
            name: "RoostCrash",
            dependencies: [
                "RoostCrashReport", "RoostSymbols", "CRoostCrash", "CRoostCensus", "CRoostLedger", "CRoostStacks",
            ]),
        .target(
            name: "CRoostCensus", dependencies: ["CRoostLedger"], linkerSettings: [.linkedLibrary("dispatch")]),
        .target(name: "RoostApp", dependencies: ["Roost", "RoostProcess", "RoostCrash"]),
        .target(name: "RoostTerminal", dependencies: ["Roost", "CRoostPlatform"]),
        .target(name: "RoostTesting", dependencies: ["Roost"]),
        .target(name: "RoostCrashReport"),
        .target(name: "RoostCrashReportJSON", dependencies: ["RoostCrashReport"]),
        .systemLibrary(name: "CGTK", pkgConfig: "gtk4", providers: [.apt(["libgtk-4-dev"])]),
        .target(
            name: "RoostGTK",
            dependencies: ["Roost", "CRoostPlatform", .target(name: "CGTK", condition: .when(traits: ["GTK"]))]),
        .testTarget(name: "RoostTests", dependencies: ["Roost", "RoostTesting", "CRoostPlatform"]),
        .target(name: "ProcessTestNative", path: "Tests/ProcessTestNative"),
        .target(
            name: "ProcessTestTasks", dependencies: ["RoostProcess", "ProcessTestNative"],
            path: "Tests/ProcessTestTasks"),
        .executableTarget(
            name: "process-test-worker", dependencies: ["ProcessTestTasks"], path: "Tests/ProcessTestWorker"),
        .executableTarget(
            name: "process-test-app", dependencies: ["ProcessTestTasks", "RoostApp"], path: "Tests/ProcessTestApp"),
        .executableTarget(
            name: "process-test-other-worker", dependencies: ["RoostProcess"], path: "Tests/ProcessTestOtherWorker"),
        .testTarget(
            name: "RoostProcessTests",
            dependencies: [
                "RoostProcess", "CRoostProcess", "ProcessTestTasks", "process-test-worker", "process-test-other-worker",
                "process-test-app",
            ]),
        .testTarget(
            name: "RoostCrashReportTests", dependencies: ["RoostCrashReport", "RoostCrashReportJSON"],
            resources: [.copy("Fixtures")]),
        .executableTarget(
            name: "crash-test-app", dependencies: ["RoostApp", "RoostCrash", "ProcessTestNative"],
            path: "Tests/CrashTestApp"),
        .target(name: "CensusTestNative", path: "Tests/CensusTestNative"),
        .executableTarget(
            name: "census-test-app", dependencies: ["Roost", "RoostCrash", "CRoostPlatform", "CensusTestNative"],
            path: "Tests/CensusTestApp"),
        .testTarget(
            name: "RoostCrashTests",
            dependencies: [
                "RoostCrash", "RoostSymbols", "CRoostCrash", "CRoostCensus", "CRoostStacks", "CensusTestNative",
                "crash-test-app", "census-test-app",
            ]),
        .testTarget(name: "RoostGTKTests", dependencies: ["RoostGTK"]),
        .testTarget(name: "RoostTerminalTests", dependencies: ["RoostTerminal", "RoostTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
