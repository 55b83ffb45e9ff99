import BenchSupport
import CHeartbeat
import Glibc
import Roost
import RoostGTK

/// The window of Examples/task-window, whose work begins when the driver says so.
@MainActor final class TaskWindow {
    enum Work: String {
        case close, flood, stubborn, idle, await, await1, hop, hop1
        case floodLong = "flood-long"

        /// A round trip; the main loop on the thread's core (those with a 1) or on another one.
        var isRoundTrip: Bool { [.await, .await1, .hop, .hop1].contains(self) }
        var mainCore: Int { [.await1, .hop1].contains(self) ? 0 : 1 }
    }

    private let work: Work
    private let isQuick: Bool
    private let window: Window
    private let scope: WorkerScope
    private let bar: ProgressBar
    private let status: Label
    private var handles: [WorkerHandle<Void, WorkerProgress>] = []
    private var reporting = Set<String>()

    init(_ app: GTKApplication, _ work: Work, isQuick: Bool) {
        self.work = work
        self.isQuick = isQuick
        let threads = work.isRoundTrip ? 1 : 2
        let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: threads))
        scope = WorkerScope("task window", pool: pool)
        window = Window(app, "Task Window", width: 420, height: 260)
        bar = ProgressBar(app).expands()
        status = Label(app, "Press a button.").wraps()
        window.closes(scope, within: .seconds(2))
        let first = Box(
            app, .horizontal, Button(app, "Start _Task") {}, Button(app, "Start S_everal") {}, Button(app, "_Pause") {},
            Button(app, "_Stop") {})
        let second = Box(
            app, .horizontal, Button(app, "Start Stu_bborn") {}, Button(app, "Start _Flood") {},
            Button(app, "_New Window") {})
        window.show(Box(app, .vertical, spacing: 12, margin: 18, bar, status, first, second))
    }

    func present() { window.present() }

    func begin() {
        switch work {
        case .close: for n in 1...5 { startSteps("task \(n)") }
        case .flood, .floodLong: startFlood(of: isQuick ? 300_000 : 1_000_000)
        case .stubborn: startStubborn()
        case .idle: startNothing()
        case .await, .await1: measureAwaits(isQuick ? 5_000 : 20_000)
        case .hop, .hop1: measureHops(isQuick ? 5_000 : 20_000)
        }
    }

    // MARK: Work with a heartbeat

    /// A hundred steps of a tenth of a second. Running once as many have reported as there are threads.
    private func startSteps(_ name: String) {
        let handle = scope.start(name) { worker in
            for n in 1...100 {
                worker.report(n, of: 100)
                try worker.sleep(for: .milliseconds(100))
            }
        }
        handle.onUpdate { [weak self] progress in
            guard let self else { return }
            bar.fraction = progress.fraction
            if reporting.insert(name).inserted, reporting.count == 2 { heartbeat_mark_running() }
        }
        handles.append(handle)
    }

    /// Does not look at its token.
    private func startStubborn() {
        let handle = scope.start("stubborn") { worker in
            worker.report(0, of: 1)
            let end = MonotonicTime.now + .seconds(30)
            while MonotonicTime.now < end { usleep(10_000) }
        }
        handle.onUpdate { _ in heartbeat_mark_running() }
        handles.append(handle)
    }

    /// Reports without a pause; a long flood begins anew until two seconds are over.
    private func startFlood(of count: Int) {
        heartbeat_mark_running()
        let isLong = work == .floodLong
        let handle = scope.start("flood") { worker in
            let end = MonotonicTime.now + .seconds(2)
            repeat {
                for n in 1..<count {
                    try worker.checkpoint()
                    worker.report(n, of: count)
                }
            } while isLong && MonotonicTime.now < end
            worker.report(count, of: count)
        }
        handle.onUpdate { [bar] progress in
            bar.fraction = progress.fraction
            if progress.fraction == 1 { heartbeat_mark_done() }
        }
        handles.append(handle)
    }

    // MARK: Work without

    /// A worker that has ended, so that the pool's threads and the scope's machinery are there and wait.
    private func startNothing() {
        let handle = scope.start("nothing") { worker in worker.report(1, of: 1) }
        handle.onUpdate { [bar] progress in bar.fraction = progress.fraction }
        handles.append(handle)
    }

    /// What a user writes: an async worker that has something done on the main actor.
    private func measureAwaits(_ count: Int) {
        let handle = scope.start("round trips") { worker async throws in
            try await worker.sleep(for: .milliseconds(700))  // until the window has been drawn
            var each = RoundTrips(count)
            for _ in each.range {
                let begin = now()
                await MainActor.run {}
                each.add(now() - begin)
            }
            each.say()
        }
        handle.onEnd { [window] _ in window.close() }
        handles.append(handle)
    }

    /// What g_idle_add and a semaphore do, through the bridge: a thread that waits until the main actor has answered.
    private func measureHops(_ count: Int) {
        let handle = scope.start("round trips") { worker in
            try worker.sleep(for: .milliseconds(700))
            let back = Gate()
            var each = RoundTrips(count)
            for _ in each.range {
                let begin = now()
                Task { @MainActor in back.post() }
                back.wait()
                each.add(now() - begin)
            }
            each.say()
        }
        handle.onEnd { [window] _ in window.close() }
        handles.append(handle)
    }
}
