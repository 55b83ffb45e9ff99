import Glibc
import Roost
import RoostGTK

/// Closes whose main thread is busy with something else.
@MainActor
enum Bounded {
    private nonisolated static func milliseconds(since begin: MonotonicTime) -> Int {
        Int((MonotonicTime.now - begin) / .milliseconds(1))
    }

    /// `blocked AT FOR`: a close with a second for a stubborn worker; so many milliseconds later the main thread is blocked
    /// for so many milliseconds.
    nonisolated static func blocked(_ arguments: [String]) -> Never {
        let times = arguments.compactMap { Int($0) }
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Stubborn")
            let other = Window(app, "Other")
            let (scope, watching) = (
                WorkerScope("stubborn"), WorkerScope("watching", pool: WorkerPool(name: "watching"))
            )
            let over = StopSource()
            window.closes(scope, within: .seconds(1))
            other.closes(watching)
            other.present()
            window.present()
            let worker = scope.start("stubborn") { worker in
                worker.report(1)
                while !over.token.isStopped { usleep(2_000) }
            }
            worker.onUpdate { _ in
                let asked = MonotonicTime.now
                window.onClosed {
                    say("gone \(milliseconds(since: asked))")
                    over.stop()
                    whenAllHaveReturned { other.close() }
                }
                watching.start("watches") { watcher async throws in
                    let ending = await worker.ending
                    if case .abandoned = ending { say("abandoned \(milliseconds(since: asked))") }
                }
                window.close()
                GLib.after(times[0]) {
                    usleep(UInt32(times[1]) * 1_000)
                    say("free \(milliseconds(since: asked))")
                }
            }
        }
    }

    /// `hang`: the main thread comes back never, in a callback; the budget is a second.
    nonisolated static func hang(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window", configuration: .init(budget: .seconds(1))) { app in
            let window = Window(app, "Hangs")
            let scope = WorkerScope("hangs")
            window.closes(scope)
            window.present()
            let worker = scope.start("polite") { worker in
                worker.report(1)
                while true { try worker.sleep(for: .seconds(1)) }
            }
            worker.onUpdate { _ in
                say("hanging")
                while true { sleep(1) }
            }
        }
    }
}
