import BenchSupport
import Glibc
import Roost
import RoostCrash

/// The programs that are measured: PROGRAM STORE …
enum Measured {
    static func run(_ words: [String]) {
        switch words[0] {
        case "install": install(words[1])
        case "pool": pool(words[1], workers: words[2] == "workers", captured: words[3] == "with")
        case "fault": fault(words[1])
        default: break
        }
    }

    private static func install(_ store: String) {
        let capture = CrashCapture.install("bench-crash", configuration: .init(version: "1", folder: store))
        if !capture.problems.isEmpty { exit(1) }
    }

    private static func number() -> UnsafeMutableRawPointer? {
        getenv("XDG_RUNTIME_DIR").flatMap { try? Place.map(String(cString: $0)) }
    }

    /// A bad pointer, with ten other threads to be asked for their stacks.
    private static func fault(_ store: String) {
        install(store)
        guard let shared = number() else { exit(1) }
        for _ in 0..<10 { _ = startThread { while true { pause() } } }
        let place = UnsafeMutablePointer<Int>(bitPattern: 8)!
        shared.storeBytes(of: now(), as: UInt64.self)
        place.pointee = 1
    }

    private static func pool(_ store: String, workers: Bool, captured: Bool) {
        guard let shared = number() else { exit(1) }
        if captured { install(store) }
        let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: 2))
        let scope = WorkerScope("bench", pool: pool)
        func round(_ count: Int) {
            if workers {
                for _ in 0..<count { scope.start("w") { _ in } }
            } else {
                for _ in 0..<count { pool.submit {} }
            }
            guard (try? pool.waitForDone(within: .seconds(60))) == true else { exit(1) }
        }
        round(50_000)
        // The best of ten parts: what disturbs is not what is measured. In picoseconds.
        let count = workers ? 30_000 : 100_000
        let best = (0..<10).map { _ in
            let begin = now()
            round(count)
            return now() - begin
        }.min()!
        shared.storeBytes(of: best * 1_000 / UInt64(count), as: UInt64.self)
    }
}
