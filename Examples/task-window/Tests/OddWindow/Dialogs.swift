import COtherBindings
import Dispatch
import Roost
import RoostGTK

/// Modal dialogs as programs write them: a window over another one, and often a loop inside a callback until it is answered.
@MainActor
enum Dialogs {
    /// How the dialog is opened.
    private enum Opening: String {
        /// With a loop of its own, in the handler of a button.
        case button
        /// With a loop of its own, in a callback of a worker.
        case update
        /// Without one.
        case plain
        /// The desktop's own, for a folder.
        case folder
    }

    private nonisolated static let count = 2_000
    private static var seen = (sent: 0, tasks: 0, runs: 0, blocks: 0, updates: 0)
    private static var loop: OpaquePointer?
    private static var answers = 0
    private static var isOpen = false

    /// `dialog OPENING [other]`: with another window beside it or not.
    nonisolated static func run(_ arguments: [String]) -> Never {
        let opening = arguments.first.flatMap { Opening(rawValue: $0) } ?? .button
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Asks")
            // On any machine: one that sends, one that waits.
            let pool = WorkerPool(name: "asks", configuration: .init(maximumThreads: 3))
            let scope = WorkerScope("asks", pool: pool)
            let begun = StopSource()
            window.closes(scope, within: .seconds(1))
            window.onClosed { say("asks closed") }
            window.show(
                Box(
                    app, .horizontal, Label(app, "ready"),
                    Button(app, "Ask") {
                        if opening == .folder {
                            FolderChooser.open(over: window, title: "Question") { say("chosen: \($0)") }
                        } else {
                            ask(over: "Asks", opening, begun)
                        }
                    }))
            window.present()
            if arguments.contains("other") {
                let other = Window(app, "Other")
                // Closes the first one from elsewhere, also under its dialog.
                other.show(
                    Box(
                        app, .horizontal, Button(app, "Close Asks") { window.close() },
                        Button(app, "Say") { say("other lives") }))
                other.onClosed { say("other closed") }
                other.present()
            }
            work(in: scope, begun) { if opening == .update { ask(over: "Asks", opening, begun) } }
        }
    }

    /// Everything that can want the main thread, once the dialog is there.
    private static func work(in scope: WorkerScope, _ begun: StopSource, atFirst: @escaping @MainActor () -> Void) {
        let sender = scope.start("sends", reporting: Int.self) { worker in
            worker.report(0)
            while !begun.token.isStopped { try worker.sleep(for: .milliseconds(1)) }
            for n in 1...count {
                worker.report(n)
                try worker.send(n)
                Task { @MainActor in seen.tasks += 1 }
                // proof: the main queue is the main actor's.
                DispatchQueue.main.async { MainActor.assumeIsolated { seen.blocks += 1 } }
            }
            // There until the window closes.
            while true { try worker.sleep(for: .seconds(1)) }
        }
        sender.onSent { _ in seen.sent += 1 }
        sender.onUpdate { n in
            seen.updates += 1
            if n == 0 { atFirst() }
        }
        let runner = scope.start("runs") { worker async throws in
            while !begun.token.isStopped { try await worker.sleep(for: .milliseconds(1)) }
            for _ in 1...count { await MainActor.run { seen.runs += 1 } }
        }
        runner.onEnd { ending in say("runs \(ending)") }
    }

    private static func ask(over title: String, _ opening: Opening, _ begun: StopSource) {
        guard let parent = GLib.window(titled: title), let box = gtk_box_new(GTK_ORIENTATION_VERTICAL, 6),
            let status = gtk_label_new("waiting"), let button = gtk_button_new_with_label("Answer")
        else { return }
        let dialog = GLib.window("Question", saying: "")
        gtk_box_append(UnsafeMutablePointer(OpaquePointer(box)), status)
        gtk_box_append(UnsafeMutablePointer(OpaquePointer(box)), button)
        gtk_window_set_child(dialog, box)
        gtk_window_set_modal(dialog, 1)
        gtk_window_set_transient_for(dialog, parent)
        GLib.on("clicked", of: OpaquePointer(button)) {
            answers += 1
            gtk_window_destroy(dialog)
        }
        // However it goes: as dialogs with a loop of their own have always done it.
        GLib.on("unmap", of: OpaquePointer(dialog)) {
            isOpen = false
            say("dialog gone: answers \(answers)")
            if let loop { g_main_loop_quit(loop) }
        }
        GLib.every(10) {
            let all = (seen.sent, seen.tasks, seen.runs, seen.blocks) == (count, count, count, count)
            if all { gtk_label_set_text(OpaquePointer(status), "all here") }
            return !all && isOpen
        }
        isOpen = true
        gtk_window_present(dialog)
        begun.stop()
        guard opening != .plain else { return }
        loop = g_main_loop_new(nil, 0)
        g_main_loop_run(loop)
        g_main_loop_unref(loop)
        loop = nil
        say("inner loop ended: sent \(seen.sent), tasks \(seen.tasks), runs \(seen.runs), blocks \(seen.blocks)")
    }
}
