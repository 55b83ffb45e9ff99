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
        .library(name: "RoostGTK", targets: ["RoostGTK"]),
        .library(name: "RoostServiceLifecycle", targets: ["RoostServiceLifecycle"]),
        .library(name: "RoostLogging", targets: ["RoostLogging"]),
        .library(name: "RoostMetrics", targets: ["RoostMetrics"]),
    ],
    traits: [
        .trait(
            name: "GTK", description: "Windows with GTK 4.8 or newer: the product RoostGTK, empty without this trait."),
        .trait(
            name: "ServiceLifecycle",
            description: "Scopes, pools and the shutdown as services of swift-service-lifecycle: RoostServiceLifecycle."
        ),
        .trait(name: "Logging", description: "What ends badly as lines of swift-log: RoostLogging."),
        .trait(name: "Metrics", description: "What runs and how it ends as numbers of swift-metrics: RoostMetrics."),
    ],
    // Each is fetched only where its trait is on.
    dependencies: [
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        .target(name: "CRoostLedger"),
        .target(name: "CRoostPlatform", linkerSettings: [.linkedLibrary("dispatch")]),
        .target(name: "Roost", dependencies: ["CRoostLedger", "CRoostPlatform"]),
        .target(name: "CRoostStacks"),
        .target(name: "CRoostProcess", dependencies: ["CRoostStacks"]),
        .target(
            name: "RoostProcess",
            dependencies: [
                "Roost", "RoostCrashReport", "RoostSymbols", "CRoostPlatform", "CRoostProcess", "CRoostStacks",
            ]),
        .target(name: "CRoostCode"),
        .target(name: "RoostSymbols", dependencies: ["RoostCrashReport", "CRoostCode", "CRoostStacks"]),
        .target(name: "CRoostCrash", dependencies: ["CRoostLedger", "CRoostPlatform", "CRoostStacks"]),
        .target(
            name: "RoostCrash",
            dependencies: [
                "RoostCrashReport", "RoostSymbols", "CRoostCrash", "CRoostCensus", "CRoostLedger", "CRoostPlatform",
                "CRoostStacks",
            ]),
        .target(
            name: "CRoostCensus", dependencies: ["CRoostLedger"], linkerSettings: [.linkedLibrary("dispatch")]),
        .target(
            name: "RoostApp",
            dependencies: ["Roost", "RoostProcess", "RoostCrash", "RoostCrashReport", "CRoostCrash"]),
        .target(name: "RoostTerminal", dependencies: ["Roost", "CRoostPlatform"]),
        .target(name: "RoostTesting", dependencies: ["Roost"]),
        .target(name: "RoostCrashReport"),
        .systemLibrary(name: "CGTK", pkgConfig: "gtk4", providers: [.apt(["libgtk-4-dev"])]),
        .target(
            name: "RoostGTK",
            dependencies: ["Roost", "CRoostPlatform", .target(name: "CGTK", condition: .when(traits: ["GTK"]))]),
        .target(
            name: "RoostServiceLifecycle",
            dependencies: [
                "Roost",
                .product(
                    name: "ServiceLifecycle", package: "swift-service-lifecycle",
                    condition: .when(traits: ["ServiceLifecycle"])),
            ]),
        .target(
            name: "RoostLogging",
            dependencies: [
                "Roost", .product(name: "Logging", package: "swift-log", condition: .when(traits: ["Logging"])),
            ]),
        .target(
            name: "RoostMetrics",
            dependencies: [
                "Roost", .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
            ]),
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
                "RoostProcess", "CRoostProcess", "ProcessTestTasks", "ProcessTestNative", "process-test-worker",
                "process-test-other-worker", "process-test-app",
            ]),
        .testTarget(
            name: "RoostCrashReportTests", dependencies: ["RoostCrashReport"], resources: [.copy("Fixtures")]),
        .executableTarget(
            name: "crash-test-app",
            dependencies: [
                "RoostApp", "RoostCrash", "RoostTerminal", "CRoostCrash", "CrashTestNative", "ProcessTestNative",
                "ProcessTestTasks",
            ],
            path: "Tests/CrashTestApp"),
        .target(name: "CrashTestNative", path: "Tests/CrashTestNative"),
        .executableTarget(
            name: "shutdown-test-app", dependencies: ["Roost", "RoostApp"], path: "Tests/ShutdownTestApp"),
        .target(name: "CensusTestNative", path: "Tests/CensusTestNative"),
        .executableTarget(
            name: "census-test-app", dependencies: ["Roost", "RoostCrash", "CRoostPlatform", "CensusTestNative"],
            path: "Tests/CensusTestApp"),
        .testTarget(
            name: "RoostCrashTests",
            dependencies: [
                "Roost", "RoostApp", "RoostCrash", "RoostSymbols", "CRoostCrash", "CRoostCensus", "CRoostStacks",
                "CensusTestNative",
                "crash-test-app", "census-test-app", "shutdown-test-app",
            ]),
        .testTarget(name: "RoostGTKTests", dependencies: ["RoostGTK"]),
        .executableTarget(
            name: "service-test-app",
            dependencies: [
                "RoostServiceLifecycle", "RoostLogging", "RoostMetrics",
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["ServiceLifecycle"])),
                .product(name: "CoreMetrics", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
            ],
            path: "Tests/ServiceTestApp"),
        .testTarget(
            name: "RoostServiceLifecycleTests",
            dependencies: [
                "RoostServiceLifecycle", "service-test-app",
                .product(name: "Logging", package: "swift-log", condition: .when(traits: ["ServiceLifecycle"])),
            ]),
        .testTarget(
            name: "RoostLoggingTests",
            dependencies: [
                "RoostApp", "RoostLogging",
                .product(name: "InMemoryLogging", package: "swift-log", condition: .when(traits: ["Logging"])),
            ]),
        .testTarget(
            name: "RoostMetricsTests",
            dependencies: [
                "RoostMetrics",
                .product(name: "MetricsTestKit", package: "swift-metrics", condition: .when(traits: ["Metrics"])),
            ]),
        .testTarget(name: "RoostTerminalTests", dependencies: ["RoostTerminal", "RoostTesting"]),
    ],
    swiftLanguageModes: [.v6]
)
