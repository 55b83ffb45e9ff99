import COtherBindings
import Roost
import RoostGTK
import RoostTesting

/// What the loop delivers.
enum Loops {
    /// The main actor's port as GTK's loop serves it, in the suite that every port has to pass.
    static func conformance() -> Never {
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Conformance")
            window.show(Label(app, "The suite runs."))
            window.present()
            let scope = WorkerScope("suite")
            window.closes(scope)
            let suite = scope.start("conformance") { worker async throws -> [String] in
                await DeliveryConformance("GTK") { .init(port: .mainActor) }.run().map { "\($0)" }
            }
            suite.onEnd { ending in
                Task { @MainActor in
                    let failures = (try? await suite.value) ?? ["\(ending)"]
                    for failure in failures { say(failure) }
                    say("\(failures.count) failures")
                    window.close()
                }
            }
        }
    }

    private enum Place: String {
        case callback
        case task
    }

    @MainActor private static var seen = (updates: 0, sent: 0, tasks: 0)

    /// A loop inside one of the loop's callbacks, as a modal dialog runs it: it ends once everything that was sent has come.
    static func nested(_ arguments: [String]) -> Never {
        let place = arguments.first.flatMap { Place(rawValue: $0) } ?? .callback
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Nested")
            window.present()
            let scope = WorkerScope("nested")
            window.closes(scope)
            let count = 10_000
            let begun = StopSource()
            let worker = scope.start("sends", reporting: Int.self) { worker in
                worker.report(0)
                // Goes on once the inner loop runs.
                _ = begun.token.waitForStop()
                for n in 1...count {
                    worker.report(n)
                    try worker.send(n)
                    if n % 1_000 == 0 { Task { @MainActor in seen.tasks += 1 } }
                }
            }
            worker.onSent { _ in seen.sent += 1 }
            worker.onUpdate { n in
                seen.updates += 1
                guard n == 0 else { return }
                if place == .callback {
                    runInnerLoop(until: count, begun)
                } else {
                    Task { @MainActor in runInnerLoop(until: count, begun) }
                }
            }
            worker.onEnd { ending in
                Task { @MainActor in
                    say("\(ending): sent \(seen.sent), tasks \(seen.tasks), updates \(seen.updates > 1)")
                    window.close()
                }
            }
        }
    }

    @MainActor private static func runInnerLoop(until count: Int, _ begun: StopSource) {
        let end = MonotonicTime.now + .seconds(20)
        begun.stop()
        while seen.sent < count, MonotonicTime.now < end { g_main_context_iteration(nil, 1) }
        say("inner loop: sent \(seen.sent), tasks \(seen.tasks)")
    }
}
