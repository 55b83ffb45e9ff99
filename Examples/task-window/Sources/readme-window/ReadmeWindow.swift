import Roost
import RoostGTK

@main
struct ReadmeWindow {
    static func main() {
        GTKApplication.run("counter") { app in
            let window = Window(app, "Counter")
            let bar = ProgressBar(app).expands()
            let scope = WorkerScope("counter")
            let start = Button(app, "_Start") {
                let worker = scope.start("count to 100") { worker in  // on a thread of the pool; may block
                    for n in 1...100 {
                        worker.report(n, of: 100)  // newest wins: a million of these do not flood the window
                        try worker.sleep(for: .milliseconds(100))  // ends at once on stop
                    }
                }
                worker.onUpdate { progress in bar.fraction = progress.fraction }  // main actor; never after close
            }
            window.show(Box(app, .vertical, spacing: 12, margin: 18, bar, start))
            window.closes(scope, within: .seconds(2))  // stop, "Shutting down…", wait, go
            window.present()
        }
    }
}
