#if ServiceLifecycle
public import Roost
public import ServiceLifecycle

/// A pool as a service: when its group shuts down gracefully, or is cancelled, the pool takes no more work, what waits is
/// dropped, what runs is asked to stop, and that is waited for within a budget.
public struct PoolService: Service {
    private let pool: WorkerPool
    private let budget: Duration

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - pool: What is stopped. It is held.
    ///   - budget: How long that may take. Default 2 s.
    public init(_ pool: WorkerPool, within budget: Duration = .seconds(2)) {
        self.pool = pool
        self.budget = budget
    }

    /// Waits for the group's graceful shutdown or cancellation, then stops the pool. Over within the budget; throws
    /// ``LateServiceError`` with the names of what still runs then. That is left to run: closing its scope, or the end of
    /// the process, abandons it.
    public func run() async throws {
        await GroupEnd().wait()
        pool.refuseNewWork()
        pool.stopAll(GroupEnd.reason)
        let isDone = OneShot<Bool>()
        pool.whenDone { isDone.resolve(true) }
        let timer = SystemTime.shared.scheduleBudget(after: budget) { isDone.resolve(false) }
        defer { timer.cancel() }
        guard await isDone.value else {
            throw LateServiceError(service: "pool '\(pool.name)'", late: late)
        }
    }

    private var late: [String] {
        let onThreads = pool.threads.compactMap { thread -> String? in
            switch thread.doing {
            case .idle: nil
            case .worker(let worker): "'\(worker.name)' of '\(worker.scope)' on thread '\(thread.name)'"
            case .closure: "a plain closure on thread '\(thread.name)'"
            case .asyncBodies: "async code on thread '\(thread.name)'"
            }
        }
        return onThreads + pool.asyncWorkers.map { "'\($0.name)' of '\($0.scope)'" }
    }
}
#endif
