import Roost
import RoostGTK

/// Windows that are closed, and used, where nobody would think of it.
@MainActor
enum OddClosings {
    private static let cases: [String: @MainActor (GTKApplication, Window, WorkerScope) -> Void] = [
        "twice": twice, "in-update": inUpdate, "in-end": inEnd, "in-button": inButton, "in-closed": inClosed,
        "used-after": usedAfter, "scope-while-closing": scopeWhileClosing, "for-ever": forEver, "negative": negative,
        "same-scope": sameScope, "second-request": secondRequest, "keep-several": keepSeveral,
        "kept-by-code": keptByCode, "captured": captured, "never-shown": neverShown, "owned-by-a-job": ownedByAJob,
    ]

    /// `closing CASE`: a window with a scope, and another one that lives on until the first is closed and looked at.
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window") { app in
            guard let odd = arguments.first.flatMap({ cases[$0] }) else {
                return say("cases: \(cases.keys.sorted().joined(separator: " "))")
            }
            let other = Window(app, "Other")
            let window = Window(app, "Odd")
            let scope = WorkerScope("odd")
            other.present()
            window.onClosed {
                say("closed; left: \(app.windows)")
                // What comes now comes too late.
                GLib.after(200) { whenAllHaveReturned { other.close() } }
            }
            odd(app, window, scope)
            window.present()
        }
    }

    private static func needsAWhile(
        _ scope: WorkerScope, _ time: Duration = .milliseconds(60)
    ) -> WorkerHandle<Void, WorkerProgress> {
        scope.start("needs a while") { worker in
            worker.report(1)
            let reason = worker.token.waitForStop()
            let end = MonotonicTime.now + time
            while reason != nil, MonotonicTime.now < end { worker.report(2) }
        }
    }

    /// The second request takes the window away within the call.
    private static func twice(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        needsAWhile(scope).onUpdate { _ in
            window.close()
            window.close()
            say("still in the callback: \(app.windows)")
        }
    }

    private static func inUpdate(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        let worker = needsAWhile(scope)
        worker.onUpdate { progress in if progress.completed == 1 { window.close() } }
        worker.onEnd { say("\($0)") }
    }

    private static func inEnd(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        scope.start("short") { _ in }.onEnd { _ in window.close() }
    }

    /// The button goes while it is being pressed.
    private static func inButton(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.show(Button(app, "Go") { window.close() })
    }

    private static func inClosed(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        window.onClosed {
            window.close()
            window.present()
            window.onClosed { say("once more") }
        }
        GLib.after(50) { window.close() }
    }

    private static func usedAfter(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.show(Label(app, "before"))
        GLib.after(50) {
            window.close()
            window.close()
            window.title = "After"
            window.show(Label(app, "after"))
            window.present()
            window.onClosed { say("closed already") }
            let late = WorkerScope("late")
            window.closes(late)
            say("late is \(late.phase); left: \(app.windows), title '\(window.title)'")
        }
    }

    /// One more scope when the close is under way: it closes with the others, and may be kept open with them.
    private static func scopeWhileClosing(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        let added = WorkerScope("added")
        window.closes(scope)
        let worker = needsAWhile(scope)
        worker.onUpdate { _ in
            guard added.phase == .open, scope.phase == .open else { return }
            window.close()
            let more = added.start("more") { more in while true { try more.sleep(for: .seconds(1)) } }
            more.onEnd { say("more: \($0)") }
            window.closes(added, within: .seconds(1))
            say("added \(added.phase == .open ? "works on" : "was asked")")
        }
    }

    private static func forEver(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope, within: .seconds(Int64.max) + .nanoseconds(999_999_999))
        // Long enough for the countdown to be shown.
        let worker = needsAWhile(scope, .milliseconds(400))
        worker.onUpdate { progress in if progress.completed == 1 { window.close() } }
        worker.onEnd { say("\($0)") }
    }

    private static func negative(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope, within: .seconds(-5))
        needsAWhile(scope).onUpdate { progress in if progress.completed == 1 { window.close() } }
    }

    /// Given twice, and to two windows.
    private static func sameScope(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        window.closes(scope)
        let worker = needsAWhile(scope)
        worker.onUpdate { progress in if progress.completed == 1 { window.close() } }
        worker.onEnd { say("\($0)") }
    }

    /// Held until the process ends.
    private static let watching = WorkerScope("watching", pool: WorkerPool(name: "watching"))

    /// The second request takes the window away, and nothing of what the workers were given.
    private static func secondRequest(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        // Its own budget is shorter than the window's.
        let scope = WorkerScope("in a hurry", closesWithin: .milliseconds(50))
        window.closes(scope, within: .seconds(2))
        let worker = needsAWhile(scope, .milliseconds(400))
        watching.start("watches") { _ async throws in say("needs a while: \(await worker.ending)") }
        worker.onUpdate { progress in
            guard progress.completed == 1 else { return }
            window.close()
            GLib.after(150) { window.close() }
        }
    }

    /// Two scopes, one of which has settled before the close is called off; both work again.
    private static func keepSeveral(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        let idle = WorkerScope("idle")
        window.closes(scope)
        window.closes(idle)
        // Once more, which changes nothing.
        window.closes(scope)
        let text = Label(app, "Works.")
        let worker = needsAWhile(scope, .seconds(1))
        window.show(
            Box(
                app, .vertical, text,
                Button(app, "Go on") {
                    for kept in [scope, idle] {
                        kept.start("again") { _ in }.onEnd { text.text += " \(kept.name): \($0)." }
                    }
                }))
        worker.onEnd { text.text += " It \($0)." }
    }

    /// Code keeps the scope open, and knows nothing of the window.
    private static func keptByCode(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        window.closes(scope)
        window.show(Label(app, "Works."))
        let worker = needsAWhile(scope, .seconds(1))
        worker.onUpdate { progress in
            guard progress.completed == 1 else { return }
            window.close()
            GLib.after(500) { say("kept open: \(scope.keepOpen())") }
        }
    }

    @MainActor private final class Probe {
        static var count = 0
        init() { Probe.count += 1 }
        isolated deinit { Probe.count -= 1 }
    }

    /// A button holds its own window, as everybody writes it.
    private static func captured(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        for _ in 1...5 {
            let probe = Probe()
            let another = Window(app, "Another")
            another.show(
                Box(
                    app, .vertical,
                    Button(app, "Close") {
                        another.close()
                        withExtendedLifetime(probe) {}
                    }))
            another.present()
            GLib.after(50) { another.close() }
        }
        GLib.after(200) {
            say("still held: \(Probe.count)")
            window.close()
        }
    }

    private static func neverShown(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        _ = Window(app, "Never shown")
        GLib.after(50) { window.close() }
    }

    /// What a job owned is let go where it may post another.
    private static func ownedByAJob(_ app: GTKApplication, _ window: Window, _ scope: WorkerScope) {
        final class Owned: Sendable {
            deinit {
                let port: TaskPort = .mainActor
                port.post { say("posted by what a job owned") }
            }
        }
        let port: TaskPort = .mainActor
        for _ in 1...3 {
            let owned = Owned()
            port.post { withExtendedLifetime(owned) {} }
        }
        GLib.after(100) { window.close() }
    }
}
