import Roost

/// A delivery port whose jobs run when the test says so, on the test's thread.
public final class ManualPort: DeliveryPort {
    private struct State {
        /// A job that was taken leaves a nil, so that nothing of it is let go under the lock.
        var jobs: [(@Sendable () -> Void)?] = []
        var head = 0
        var isDraining = false

        var count: Int { jobs.count - head }

        mutating func next() -> (@Sendable () -> Void)? {
            guard head < jobs.count else {
                jobs = []
                head = 0
                return nil
            }
            defer {
                jobs[head] = nil
                head += 1
            }
            return jobs[head]
        }
    }

    private let state = Locked(State())
    private let waiters = CountWaiters()

    /// Creates an empty port.
    public init() {}

    /// How many jobs wait.
    public var pending: Int { state.withLock { $0.count } }

    public func post(_ job: @escaping @Sendable () -> Void) {
        let count = state.withLock { state in
            state.jobs.append(job)
            return state.count
        }
        waiters.reached(count)
    }

    /// Runs what waits, and what that posts, until nothing waits; returns how many jobs ran. Does nothing when called from
    /// a job, or while another thread drains: jobs run one at a time.
    @discardableResult
    public func drain() -> Int {
        run(atMost: .max)
    }

    /// Runs the job that waits longest; false when none waits, and from within a job.
    @discardableResult
    public func drainOne() -> Bool {
        run(atMost: 1) == 1
    }

    private func run(atMost limit: Int) -> Int {
        let mayRun = state.withLock { state in
            defer { state.isDraining = true }
            return !state.isDraining
        }
        guard mayRun else { return 0 }
        var ran = 0
        while true {
            let job = state.withLock { state -> (@Sendable () -> Void)? in
                let job = ran < limit ? state.next() : nil
                if job == nil { state.isDraining = false }
                return job
            }
            guard let job else { return ran }
            job()
            ran += 1
        }
    }

    /// Returns once at least `count` jobs wait. Returns early when the task is cancelled.
    public func waitForJobs(_ count: Int) async {
        await waiters.wait(for: count) { pending }
    }
}
