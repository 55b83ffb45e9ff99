#if Window
import Roost
import RoostApp
import RoostCrash
import RoostGTK

/// How the last run ended, in words, and how it started and ended, as pictures.
@MainActor
final class LastRunWindow {
    private let scope = WorkerScope(
        "last run window", pool: WorkerPool(name: "last run", configuration: .init(maximumThreads: 1)))
    private let window: Window
    private let text: TextView
    private let start: TimelinePage
    private let end: TimelinePage

    /// What was found.
    private struct Found: Sendable {
        var text = "This is the first run of which something is known."
        var start: String?
        var end: String?
    }

    init(_ app: GTKApplication) {
        window = Window(app, "Last run", width: 900, height: 620)
        text = TextView(app).named("What happened")
        text.text = "Reading what it left…"
        start = TimelinePage(window, scope, name: "start", none: "The last run left no picture of its start.")
        end = TimelinePage(
            window, scope, name: "end", none: "The last run did not end in order: there is no picture of its end.")
        window.closes(scope, within: .seconds(1))
        let pages = Pages(app)
        pages.append("_What happened", text)
        pages.append("Its _start", start.root)
        pages.append("Its _end", end.root)
        window.show(pages)
        read()
    }

    func present() { window.present() }
    func close() { window.close() }
    func onClosed(_ action: @escaping @MainActor () -> Void) { window.onClosed(action) }

    /// On a worker: the names of functions are looked up, and files are read and written.
    private func read() {
        let handle = scope.start("read the last run", reporting: Found.self) { worker in
            var found = Found()
            if let lastRun = CrashCapture.installed?.settle() { found.text = Self.capitalized("\(lastRun)") }
            found.start = LastRun.startTimeline?.svg
            found.end = LastRun.endTimeline?.svg
            worker.report(found)
        }
        // It is held by the delivery until the window goes.
        handle.onUpdate { [self] found in
            text.text = found.text
            start.show(found.start)
            end.show(found.end)
        }
    }

    nonisolated private static func capitalized(_ text: String) -> String {
        text.prefix(1).uppercased() + text.dropFirst()
    }
}
#endif
