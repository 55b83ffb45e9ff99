import Glibc
import Roost
import RoostGTK

/// A window that runs tasks in the background and closes cleanly whatever they do.
@main
@MainActor
final class TaskWindow {
    nonisolated static func main() {
        GTKApplication.run("task-window") { app in TaskWindow(app).window.present() }
    }

    private let window: Window
    private let scope = WorkerScope("task window")
    private let bar: ProgressBar
    private let status: Label
    private var tasks: [WorkerHandle<Void, WorkerProgress>] = []

    init(_ app: GTKApplication) {
        window = Window(app, "Task Window", width: 420, height: 260)
        bar = ProgressBar(app).expands()
        status = Label(app, "Press a button.").wraps()
        // Everything there is to do about closing: stop the tasks, say who is left, wait two seconds at most, go.
        window.closes(scope, within: .seconds(2))
        window.onClosed { [self] in tasks = [] }
        let first = Box(
            app, .horizontal,
            Button(app, "Start _Task") { [weak self] in self?.start("count to 100") },
            Button(app, "Start S_everal") { [weak self] in for n in 1...5 { self?.start("task \(n)") } },
            Button(app, "_Pause") { [weak self] in self?.pauseOrResume() },
            Button(app, "_Stop") { [weak self] in self?.scope.stop() })
        let second = Box(
            app, .horizontal,
            Button(app, "Start Stu_bborn") { [weak self] in self?.startStubborn() },
            Button(app, "Start _Flood") { [weak self] in self?.startFlood() },
            Button(app, "_New Window") { TaskWindow(app).window.present() })
        window.show(Box(app, .vertical, spacing: 12, margin: 18, bar, status, first, second))
    }

    /// Counts to a hundred in ten seconds, and can be left at any moment of them.
    private func start(_ name: String) {
        keep(
            scope.start(name) { worker in
                for n in 1...100 {
                    worker.report(n, of: 100)
                    try worker.sleep(for: .milliseconds(100))
                }
            })
    }

    /// Does not look at its token: the window closes without it.
    private func startStubborn() {
        keep(
            scope.start("stubborn") { worker in
                let end = MonotonicTime.now + .seconds(30)
                while MonotonicTime.now < end { usleep(10_000) }
            })
    }

    /// Reports a million times: the window gets the newest, as often as it can show it.
    private func startFlood() {
        keep(
            scope.start("flood") { worker in
                for n in 1...1_000_000 {
                    try worker.checkpoint()
                    worker.report(n, of: 1_000_000)
                }
            })
    }

    private func keep(_ task: WorkerHandle<Void, WorkerProgress>) {
        tasks.append(task)
        status.text = "\(task.name) started"
        task.onUpdate { [bar] progress in bar.fraction = progress.fraction }  // main actor, newest, never after close
        task.onEnd { [weak self] ending in  // main actor, exactly once
            self?.tasks.removeAll { $0.state == .ended }
            self?.status.text = "\(task.name): \(ending)"
        }
    }

    private func pauseOrResume() {
        let isPaused = tasks.contains { $0.state == .paused || $0.state == .pausing }
        for task in tasks { if isPaused { task.resume() } else { task.pause() } }
        status.text = isPaused ? "going on" : "paused"
    }
}
