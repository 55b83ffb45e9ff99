import Glibc
import Roost
import RoostGTK

/// How long the main thread is away at most, seen by a source that wants to run every 4 ms.
@MainActor
enum Heartbeat {
    private static var last: MonotonicTime?
    private static var gap = Duration.zero
    private static var beats = 0

    private static func begin() {
        last = .now
        GLib.every(4) {
            let now = MonotonicTime.now
            if let last { gap = max(gap, now - last) }
            last = now
            beats += 1
            return true
        }
    }

    private static func end() {
        say("beats \(beats) gap \(Int(gap / .microseconds(1))) µs")
    }

    /// `heartbeat close|flood [control]`
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Heart", width: 420, height: 260)
            let bar = ProgressBar(app).expands()
            let text = Label(app, "Beats.")
            let isControl = arguments.contains("control")
            window.show(Box(app, .vertical, spacing: 12, margin: 18, bar, text))
            // Another one, so that the first one's end is not the program's.
            let other = Window(app, "Other")
            other.present()
            window.present()
            window.onClosed {
                end()
                // Behind what else is to be done when it closes.
                GLib.after(0) { whenAllHaveReturned { other.close() } }
            }
            // Not before both are drawn: GTK's own first picture takes long.
            GLib.after(300) {
                begin()
                switch (arguments.first, isControl) {
                case ("flood", false): flood(window, bar, text)
                case ("flood", true): draw(window, bar, text)
                case (_, false): close(window)
                case (_, true): pretendToClose(app, window)
                }
            }
        }
    }

    /// Has used the main queue and the main actor's port once, and then has nothing to do.
    nonisolated static func idle() -> Never {
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Idle")
            let scope = WorkerScope("idle")
            window.closes(scope)
            window.present()
            scope.start("short") { worker in worker.report(1) }.onEnd { _ in
                Task { @MainActor in say("idle") }
            }
        }
    }

    private static func close(_ window: Window) {
        let scope = WorkerScope("heart")
        let over = StopSource()
        window.closes(scope, within: .seconds(1))
        window.onClosed { over.stop() }
        let worker = scope.start("stubborn") { worker in
            worker.report(1)
            while !over.token.isStopped { usleep(2_000) }
        }
        worker.onUpdate { _ in window.close() }
    }

    /// The same picture for the same time, without Roost's work.
    private static func pretendToClose(_ app: GTKApplication, _ window: Window) {
        GLib.after(80) {
            let left = Label(app, "")
            window.show(
                Box(
                    app, .vertical, spacing: 12, margin: 24, Label(app, "Shutting down…").styled("title-2"), left,
                    Button(app, "Keep open") {}, Button(app, "Close now") {}))
            var count = 0
            GLib.every(100) {
                count += 1
                left.text = "This takes at most \(count) more."
                return true
            }
        }
        GLib.after(1_000) { window.close() }
    }

    private static func flood(_ window: Window, _ bar: ProgressBar, _ text: Label) {
        let scope = WorkerScope("flood")
        window.closes(scope)
        let flood = scope.start("flood") { worker in
            for n in 1...1_000_000 {
                try worker.checkpoint()
                worker.report(n, of: 1_000_000)
            }
        }
        flood.onUpdate { progress in
            bar.fraction = progress.fraction
            text.text = "\(progress.completed)"
        }
        flood.onEnd { _ in
            say("shown \(text.text)")
            // What was started last is seen, too.
            GLib.after(500) { window.close() }
        }
    }

    /// As many pictures as can be drawn in half a second.
    private static func draw(_ window: Window, _ bar: ProgressBar, _ text: Label) {
        var count = 0
        GLib.every(4) {
            count += 1
            bar.fraction = Double(count) / 125
            text.text = "\(count)"
            guard count == 125 else { return true }
            window.close()
            return false
        }
    }
}
