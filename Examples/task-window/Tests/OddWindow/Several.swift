import COtherBindings
import Glibc
import Roost
import RoostGTK

/// More than one window.
@MainActor
enum Several {
    /// `several [late]`: two windows, each with a worker that does not stop before the process has asked for it for a
    /// second and a half; and one that is opened as the process ends.
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window", configuration: .init(budget: .seconds(3))) { app in
            let over = StopSource()
            for name in ["First", "Second"] {
                let window = Window(app, name)
                let scope = WorkerScope(name)
                window.closes(scope, within: .seconds(3))
                window.show(Label(app, "\(name) works."))
                scope.start("\(name)'s") { worker in while !over.token.isStopped { usleep(5_000) } }
                window.onClosed { say("\(name) closed; left: \(app.windows)") }
                window.present()
            }
            // Of other bindings, and nobody tells Roost of it.
            gtk_window_present(GLib.window("Raw", saying: "raw"))
            say("\(app.windows)")
            Shutdown.process.onEvent { event in
                guard case .began(let cause, _) = event else { return }
                say("began: \(cause)")
                GLib.after(1_500) { over.stop() }
                guard arguments.contains("late") else { return }
                let late = Window(app, "Late")
                let scope = WorkerScope("Late")
                late.closes(scope)
                late.show(Label(app, "Late works."))
                late.present()
                let refused = scope.start("late") { _ in say("the late one ran") }
                refused.onEnd { say("late: \($0)") }
            }
        }
    }
}

/// Windows that were made with C calls.
@MainActor
enum RawWindows {
    /// `raw closes`: one given to Roost, the only one. `raw destroyed`: somebody destroys it, and asks nobody. `raw gone`: it
    /// was destroyed before it was given.
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window") { app in
            let scope = WorkerScope("raw")
            let over = StopSource()
            let window = GLib.window("Raw", saying: "raw works")
            var isGone = false
            var late = 0
            if arguments.contains("gone") {
                let gone = GLib.window("Gone", saying: "")
                g_object_ref(gone)
                gtk_window_destroy(gone)
                let unlucky = WorkerScope("unlucky")
                app.closes(window: gone, unlucky)
                say("unlucky is \(unlucky.phase)")
            }
            app.closes(window: window, scope, within: .seconds(4))
            say("\(app.windows)")
            gtk_window_present(window)
            let worker = scope.start("takes a while") { worker in
                var n = 0
                while !over.token.isStopped {
                    n += 1
                    worker.report(n)
                }
            }
            worker.onUpdate { n in if isGone { late += 1 } }
            worker.onEnd { say("\($0)") }
            let isDestroyed = arguments.contains("destroyed")
            if isDestroyed {
                let other = Window(app, "Other")
                other.present()
                GLib.after(100) {
                    gtk_window_destroy(window)
                    isGone = true
                    say("destroyed: \(scope.phase), left: \(app.windows)")
                    GLib.after(200) {
                        say("late \(late)")
                        over.stop()
                        whenAllHaveReturned { other.close() }
                    }
                }
            } else {
                scope.token.onStop { _ in Task { @MainActor in GLib.after(2_000) { over.stop() } } }.keep()
            }
        }
    }
}

extension StopRegistration {
    /// For as long as the process lives.
    @MainActor fileprivate func keep() { Self.kept.append(self) }
    @MainActor private static var kept: [StopRegistration] = []
}
