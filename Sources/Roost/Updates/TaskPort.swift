/// A port onto a Swift executor: at most one task is pending, whatever the number of jobs.
///
/// A burst is run in slices of 4 ms, each a job of its own on the executor, so that a flood of callbacks leaves room for
/// everything else that wants the main thread.
public final class TaskPort: DeliveryPort {
    // Detached tasks throughout: what runs here must not inherit the task-local values of whoever posted first.
    static let main = TaskPort { port in Task.detached { @MainActor in port.drain() } }

    private struct State {
        /// Those the loop has taken are nil: what they captured is let go by whoever runs them, with no lock held.
        var jobs: [(@Sendable () -> Void)?] = []
        var isScheduled = false
        /// Set while a toolkit's loop runs the jobs instead of tasks.
        var wakeLoop: (@Sendable () -> Void)?
        /// How many of `jobs` the loop has taken: their places are given back together.
        var taken = 0

        var hasJobs: Bool { taken < jobs.count }

        mutating func takeFirst() -> (@Sendable () -> Void)? {
            guard hasJobs else { return nil }
            let job = jobs[taken].take()
            taken += 1
            if taken == jobs.count || taken >= 1_024 {
                jobs.removeFirst(taken)
                taken = 0
            }
            return job
        }
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
        let (mustSchedule, wakeLoop) = state.withLock { state -> (Bool, (@Sendable () -> Void)?) in
            state.jobs.append(job)
            if let wakeLoop = state.wakeLoop { return (false, state.jobs.count - state.taken == 1 ? wakeLoop : nil) }
            defer { state.isScheduled = true }
            return (!state.isScheduled, nil)
        }
        if let wakeLoop { wakeLoop() } else if mustSchedule { schedule(self) }
    }

    // MARK: A toolkit's loop

    /// From here on `wakeLoop` is called, on any thread, when there are jobs, and the loop calls ``runMainInLoop()`` for as long
    /// as ``mainHasJobs`` says so. A loop within a job (a dialog that waits for its answer) does the same, so that nothing
    /// stalls.
    package static func serveMain(_ wakeLoop: @escaping @Sendable () -> Void) {
        let hasJobs = main.state.withLock { state in
            state.wakeLoop = wakeLoop
            return !state.jobs.isEmpty
        }
        if hasJobs { wakeLoop() }
    }

    /// The least time between two updates of one listener under a toolkit's loop, half a frame: more often would keep the main
    /// thread busy with what nobody sees, and a thread that never sleeps is let wait by the scheduler when it is wanted.
    static func pace(of port: any DeliveryPort) -> Duration? {
        guard port === main, main.state.withLock({ $0.wakeLoop != nil }) else { return nil }
        return .milliseconds(8)
    }

    package static var mainHasJobs: Bool { main.state.withLock { $0.hasJobs } }

    /// Runs jobs of the main port for at most 4 ms. One at a time is taken out, so that one that runs a loop of its own leaves
    /// the others to that loop.
    package static func runMainInLoop() {
        let end = MonotonicTime.now + slice
        repeat {
            guard let job = main.state.withLock({ $0.takeFirst() }) else { return }
            job()
        } while MonotonicTime.now < end
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
            var jobs = state.withLock { state -> [(@Sendable () -> Void)?] in
                // A toolkit's loop has taken over since this was scheduled.
                if state.jobs.isEmpty || state.wakeLoop != nil {
                    state.isScheduled = false
                    return []
                }
                defer { state.jobs = [] }
                return state.jobs
            }
            guard !jobs.isEmpty else { return }
            for (index, job) in jobs.enumerated() {
                job?()
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
