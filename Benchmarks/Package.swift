// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "RoostBenchmarks",
    dependencies: [
        .package(name: "Roost", path: ".."),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
    ],
    targets: [
        // Two libdispatch entry points that no shipped header declares.
        .target(name: "CBench"),
        // What every measurement shares: clock, memory, threads, semaphore, one line of JSON out.
        .target(name: "BenchSupport", dependencies: ["CBench"]),
        .executableTarget(
            name: "peers-swift",
            dependencies: [
                "BenchSupport",
                .product(name: "NIOPosix", package: "swift-nio"),
            ]
        ),
        // OperationQueue lives in Foundation; its own executable, so that Foundation's memory is not charged to the others.
        .executableTarget(name: "peers-foundation", dependencies: ["BenchSupport"]),
        .executableTarget(
            name: "bench-roost",
            dependencies: ["BenchSupport", .product(name: "Roost", package: "Roost")]
        ),
    ],
    swiftLanguageModes: [.v6]
)
