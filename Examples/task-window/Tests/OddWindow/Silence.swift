import Glibc
import Roost
import RoostGTK

/// Hundreds of reporters while their window closes: what comes after it has gone is counted.
@MainActor
enum Silence {
    private static let rounds = 5
    private static let reporters = 100
    private static var before = 0
    private static var after = 0
    private static var other: Window?
    private static var scopes: [WorkerScope] = []

    /// `silence SEED`
    nonisolated static func run(_ arguments: [String]) -> Never {
        let seed = arguments.first.flatMap { UInt64($0) } ?? 0
        GTKApplication.run("odd-window") { app in
            other = Window(app, "Stays")
            other?.present()
            srand48(Int(truncatingIfNeeded: seed))
            begin(1, app)
        }
    }

    private static func begin(_ round: Int, _ app: GTKApplication) {
        guard round <= rounds else {
            say("before \(before > 1_000 ? "many" : "only \(before)"), after \(after)")
            other?.close()
            return
        }
        let pool = WorkerPool(name: "reporters", configuration: .init(maximumThreads: reporters))
        let scope = WorkerScope("round \(round)", pool: pool)
        // A scope that is dropped is silent anyway.
        scopes.append(scope)
        let over = StopSource()
        var hasGone = false
        let window = Window(app, "Round \(round)")
        window.closes(scope, within: .milliseconds(100))
        window.onClosed {
            hasGone = true
            // The stubborn go on reporting for a while, to a process that is alive.
            GLib.after(150) {
                over.stop()
                whenAllHaveReturned(to: pool) { begin(round + 1, app) }
            }
        }
        window.present()
        let seen: @MainActor @Sendable () -> Void = { if hasGone { after += 1 } else { before += 1 } }
        for n in 1...reporters {
            let isStubborn = n % 2 == 0
            let worker = scope.start("reporter \(n)", reporting: Int.self) { worker in
                var count = 0
                while !over.token.isStopped {
                    if !isStubborn { try worker.checkpoint() }
                    count += 1
                    worker.report(count)
                    if count % 4 == 0 { try worker.send(count) }
                    usleep(500)
                }
            }
            listen(to: worker, n, seen)
        }
        GLib.after(20 + Int(drand48() * 200)) { window.close() }
    }

    private static func listen(
        to worker: WorkerHandle<Void, Int>, _ n: Int, _ seen: @escaping @MainActor @Sendable () -> Void
    ) {
        worker.onEnd { _ in seen() }
        if n % 3 == 0 {
            Task { @MainActor in for await _ in worker.updates { seen() } }
            Task { @MainActor in for await _ in worker.sent { seen() } }
        } else {
            worker.onUpdate { _ in seen() }
            worker.onSent { _ in seen() }
        }
    }
}
