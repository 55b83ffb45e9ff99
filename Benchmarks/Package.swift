// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "RoostBenchmarks",
    dependencies: [
        // The trait is for bench-window; nothing else here depends on RoostGTK, and `run` builds each product by itself.
        .package(name: "Roost", path: "..", traits: ["GTK"]),
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
        .executableTarget(
            name: "bench-process",
            dependencies: [
                "BenchSupport", .product(name: "Roost", package: "Roost"),
                .product(name: "RoostProcess", package: "Roost"),
            ]
        ),
        .executableTarget(
            name: "bench-census",
            dependencies: ["BenchSupport", "CBench", .product(name: "RoostCrash", package: "Roost")]
        ),
        .executableTarget(
            name: "bench-crash",
            dependencies: [
                "BenchSupport", .product(name: "Roost", package: "Roost"),
                .product(name: "RoostCrash", package: "Roost"),
            ]
        ),
        .systemLibrary(name: "CGLib", pkgConfig: "glib-2.0", providers: [.apt(["libgtk-4-dev"])]),
        // The heartbeat of a window, shared with the control in Peers/gtk.
        .target(name: "CHeartbeat", dependencies: ["CGLib"]),
        .executableTarget(
            name: "bench-window",
            dependencies: [
                "BenchSupport", "CHeartbeat", .product(name: "Roost", package: "Roost"),
                .product(name: "RoostGTK", package: "Roost"),
            ]
        ),
    ],
    swiftLanguageModes: [.v6]
)
