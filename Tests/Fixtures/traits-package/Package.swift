// swift-tools-version: 6.2
import PackageDescription

// A user of what lies behind the traits: the tests of those products, and nothing else. `./test traits` builds and runs it.
let package = Package(
    name: "traits",
    dependencies: [
        .package(name: "Roost", path: "../../..", traits: ["ServiceLifecycle", "Logging", "Metrics"]),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
    ],
    targets: [
        .executableTarget(
            name: "service-test-app",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostServiceLifecycle", package: "Roost"),
                .product(name: "RoostLogging", package: "Roost"), .product(name: "RoostMetrics", package: "Roost"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "CoreMetrics", package: "swift-metrics"),
            ],
            path: "Tests/ServiceTestApp",
            swiftSettings: [.define("ServiceLifecycle"), .define("Logging"), .define("Metrics")]),
        .testTarget(
            name: "RoostServiceLifecycleTests",
            dependencies: [
                "service-test-app",
                .product(name: "Roost", package: "Roost"), .product(name: "RoostServiceLifecycle", package: "Roost"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: [.define("ServiceLifecycle"), .define("Logging"), .define("Metrics")]),
        .testTarget(
            name: "RoostLoggingTests",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostLogging", package: "Roost"),
                .product(name: "RoostApp", package: "Roost"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "InMemoryLogging", package: "swift-log"),
            ],
            swiftSettings: [.define("Logging")]),
        .testTarget(
            name: "RoostMetricsTests",
            dependencies: [
                .product(name: "Roost", package: "Roost"), .product(name: "RoostMetrics", package: "Roost"),
                .product(name: "MetricsTestKit", package: "swift-metrics"),
            ],
            swiftSettings: [.define("Metrics")]),
    ],
    swiftLanguageModes: [.v6]
)
