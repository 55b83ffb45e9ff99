/// Owns the workers of one window or one job. Closing it stops them, waits within a budget, and cuts delivery; another
/// scope's workers are not touched.
///
/// A scope that is dropped is closed: its workers are asked to stop, and nothing is delivered any more. Keep it where the
/// window or the job is kept.
public final class WorkerScope: Sendable {
    /// What the failure of one worker means for the others.
    public enum FailurePolicy: Sendable {
        /// Nothing.
        case keepGoing
        /// They are asked to stop, with ``StopReason/siblingFailed(_:)``.
        case stopOthers
    }

    /// Where a scope is in its life.
    public enum Phase: Sendable {
        /// It takes work.
        case open
        /// A close was asked for; workers are still stopping, and delivery goes on.
        case closing
        /// Every worker has its ending; delivery goes on until it is cut.
        case settled
        /// Delivery is cut.
        case closed
    }

    let core: ScopeCore

    /// Creates a scope.
    ///
    /// - Parameters:
    ///   - name: For lists and reports.
    ///   - pool: Where its workers run.
    ///   - limit: The most of its workers that run at once; the others wait in the scope. Nil for no limit of its own.
    ///   - budget: How long a close may take when it does not say otherwise. Default 2 s.
    ///   - onFailure: What one worker's failure means for the others.
    ///   - time: Where time comes from; tests pass a manual clock.
    public convenience init(
        _ name: String, pool: WorkerPool = .shared, limit: Int? = nil, closesWithin budget: Duration = .seconds(2),
        onFailure: FailurePolicy = .keepGoing, time: any TimeSource = SystemTime.shared
    ) {
        self.init(
            name, pool: pool, limit: limit, closesWithin: budget, onFailure: onFailure, time: time, root: .process)
    }

    package init(
        _ name: String, pool: WorkerPool = .shared, limit: Int? = nil, closesWithin budget: Duration = .seconds(2),
        onFailure: FailurePolicy = .keepGoing, time: any TimeSource = SystemTime.shared, root: WorkRoot
    ) {
        core = ScopeCore(
            name: name, pool: pool.core, root: root, time: time, limit: limit, budget: budget, policy: onFailure)
        self.pool = pool
    }

    deinit {
        core.cutDelivery(.requested("its scope was dropped"))
    }

    /// The scope's name.
    public var name: String { core.name }
    /// The pool its workers run on. Held: the last reference to a pool closes it.
    public let pool: WorkerPool
    /// Where the scope is in its life.
    public var phase: Phase { core.phase }
    /// Stopped when the scope's workers are; hand it to work that is not a worker. After ``stop(_:)`` or ``keepOpen()``
    /// there is a new one.
    public var token: StopToken { core.token }
    /// The workers that have no ending yet, oldest first.
    public var workers: [WorkerInfo] { core.workers.map(\.info) }
    /// What is left of the budget of a close under way; nil otherwise.
    public var timeLeft: Duration? { core.timeLeft }

    /// Asks every worker there is to wait at its next checkpoint; those that are started later are not asked.
    public func pause() {
        for worker in core.workers { _ = worker.pause() }
    }

    /// Lets every paused worker go on.
    public func resume() {
        for worker in core.workers { worker.resume() }
    }

    // MARK: Closing

    /// Asks every worker there is to stop. The scope stays open and takes new work.
    public func stop(_ reason: StopReason = .requested("")) {
        core.stop(reason)
    }

    /// Cuts delivery, now: when this returns, no callback of the scope begins and no iterator returns an element on the
    /// executor that called. Never waits. Workers are asked to stop; the late ones are abandoned when the budget is over.
    /// Those that are queued end before this returns: about half a millisecond for a thousand.
    public func close(_ reason: StopReason = .windowClosed) {
        core.cutDelivery(reason)
    }

    /// Stops the workers, waits for them, then cuts delivery; what is left of the budget is spent on callbacks that still
    /// run on other executors (await ``closed`` to wait for them without a bound). Called on the main actor, the main
    /// actor's callbacks of workers that ended meanwhile are still delivered; those of other ports may be cut. Cancelling the waiting task does not cut it short; a
    /// close that ``keepOpen()`` calls off goes on waiting until a later one settles.
    @discardableResult
    public func close(
        within budget: Duration? = nil, _ reason: StopReason = .windowClosed,
        isolation: isolated (any Actor)? = #isolation
    ) async -> ScopeReport {
        core.beginClosing(reason, within: budget ?? core.budget)
        let report = await core.settledReport
        // The endings are on their way, but a busy main actor may come back here before it has had its callbacks.
        // Twice, since the ending of a worker that sent values takes two hops.
        if isolation === MainActor.shared {
            await TaskPort.main.caughtUp()
            await TaskPort.main.caughtUp()
        }
        // Back on the caller's executor: the cut and what the caller does next are one after the other there.
        core.cutDelivery(reason)
        await core.waitUntilIdle(atMost: (budget ?? core.budget) - report.duration)
        return report
    }

    /// Begins a close and returns at once; delivery goes on. `settled` is called on `port` when every worker has its
    /// ending, or was abandoned at the end of the budget; the owner then takes its window down and calls ``close(_:)``.
    /// After ``keepOpen()`` it is not called for this close.
    public func beginClosing(
        within budget: Duration? = nil, _ reason: StopReason = .windowClosed, on port: any DeliveryPort,
        settled: @escaping @Sendable (ScopeReport) -> Void
    ) {
        core.beginClosing(reason, within: budget ?? core.budget) { report in port.post { settled(report) } }
    }

    /// Calls a close off and disarms its deadline. Workers already asked to stop still stop, and still report; the scope
    /// takes new work again. False when the close is over, delivery was cut, or the process is shutting down.
    @discardableResult
    public func keepOpen() -> Bool { core.keepOpen() }

    /// For a window with several scopes, whose close is called off for all of them: also when this one's has settled
    /// already. False when a worker was abandoned, delivery was cut, or the process is shutting down.
    package func takeCloseBack() -> Bool { core.keepOpen() || core.reopen() }

    /// Whether ``takeCloseBack()`` would do so.
    package var mayTakeCloseBack: Bool { core.mayTakeBack }

    /// Returns, with the report, once the scope has closed: delivery is cut, every worker has its ending, and no callback
    /// runs on any executor. Waits for a close that was not asked for yet.
    public var closed: ScopeReport {
        get async {
            await core.gate.waitUntilIdle()
            return await core.settledReport
        }
    }

    /// Returns once the scope has no worker left. Throws `CancellationError` when the task is cancelled, and
    /// ``WorkerPoolError`` when called from one of its own workers, which would wait for itself.
    public func drained() async throws {
        if RunningWorker.live?.scope === core {
            throw core.pool.error(
                .waitFromOwnWorker,
                "drained of scope '\(name)' was called from one of its own workers, which would wait for itself")
        }
        let done = OneShot<Result<Void, any Error>>()
        let id = core.whenDrained { done.resolve(.success(())) }
        try await done.success { [core] in core.forgetDrained(id) }
    }
}
