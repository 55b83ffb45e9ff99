/// A port onto a Swift executor: at most one task is pending, whatever the number of jobs.
///
/// A burst is run in slices of 4 ms, each a job of its own on the executor, so that a flood of callbacks leaves room for
/// everything else that wants the main thread.
public final class TaskPort: DeliveryPort {
    // Detached tasks throughout: what runs here must not inherit the task-local values of whoever posted first.
    static let main = TaskPort { port in Task.detached { @MainActor in port.drain() } }

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isScheduled = false
    }

    private static let slice = Duration.milliseconds(4)

    private let state = Locked(State())
    private let schedule: @Sendable (TaskPort) -> Void

    private init(schedule: @escaping @Sendable (TaskPort) -> Void) {
        self.schedule = schedule
    }

    convenience init(actor: any Actor) {
        self.init { port in Task.detached { await port.drain(on: actor) } }
    }

    convenience init(executor: any TaskExecutor) {
        self.init { port in Task.detached(executorPreference: executor) { port.drain() } }
    }

    public func post(_ job: @escaping @Sendable () -> Void) {
        let mustSchedule = state.withLock { state in
            state.jobs.append(job)
            defer { state.isScheduled = true }
            return !state.isScheduled
        }
        if mustSchedule { schedule(self) }
    }

    /// Returns once every job posted before has run.
    func caughtUp() async {
        let done = OneShot<Void>()
        post { done.resolve(()) }
        await done.value
    }

    private func drain(on actor: isolated any Actor) {
        drain()
    }

    private func drain() {
        let end = MonotonicTime.now + Self.slice
        while true {
            var jobs = state.withLock { state in
                defer { state.jobs = [] }
                if state.jobs.isEmpty { state.isScheduled = false }
                return state.jobs
            }
            guard !jobs.isEmpty else { return }
            for (index, job) in jobs.enumerated() {
                job()
                guard MonotonicTime.now < end else {
                    // The rest of this batch goes before what was posted meanwhile.
                    jobs.removeFirst(index + 1)
                    state.withLock { $0.jobs.insert(contentsOf: jobs, at: 0) }
                    schedule(self)
                    return
                }
            }
        }
    }
}
