import Roost
import RoostGTK

@main
struct Counter {
    static func main() {
        GTKApplication.run("counter") { app in
            let window = Window(app, "Counter")
            let scope = WorkerScope("counter")
            let bar = ProgressBar(app).expands().named("Count")
            let label = Label(app, "Ready.")

            window.closes(scope, within: .seconds(2))  // stop, say who is left, wait, go

            let start = Button(app, "_Count") {
                let worker = scope.start("count to 100") { worker in  // on a thread of the pool; may block
                    for n in 1...100 {
                        try worker.checkpoint()  // throws once stopped
                        worker.report(n, of: 100)
                        try worker.sleep(for: .milliseconds(100))  // ends at once on a stop
                    }
                }
                worker.onUpdate { progress in bar.fraction = progress.fraction }  // main actor, newest value
                worker.onEnd { ending in label.text = "\(ending)" }  // main actor, once
            }

            window.show(Box(app, .vertical, spacing: 12, margin: 18, bar, label, start))
            window.present()
        }
    }
}

// Compiled, not run: the rest of what the guide shows.

@MainActor
func openDocument(_ app: GTKApplication, named name: String) {
    let window = Window(app, name)
    window.closes(WorkerScope(name))
    window.onClosed { print("\(name) has gone; left: \(app.windows)") }
    window.present()
}

@MainActor
func adopt(_ app: GTKApplication, _ gtkWindow: UnsafeMutableRawPointer) {
    let scope = WorkerScope("preview")
    app.closes(window: gtkWindow, scope, within: .seconds(1))
}

@MainActor
func load(_ window: Window, in scope: WorkerScope, into label: Label) {
    let worker = scope.start("load") { worker in "done" }
    worker.onEnd { ending in
        guard case .failed(let error) = ending else { return }
        askWhatToDo(about: error, over: window)  // from a callback: its loop holds nobody up
    }
    Task {
        let text = try await worker.value  // on the main actor, served by GTK's loop
        label.text = text
    }
}

@MainActor
func askWhatToDo(about error: any Error, over window: Window) {
    print("\(window.title): \(error)")
}
