import CRoostLedger
import Synchronization

/// What every worker is inside, whatever it gives back: a leaf of the stop tree with a life, an ending and those who wait
/// for it.
///
/// Lock order: `life` is taken with no other lock held, except below the pool's or the scope's when they ask `isEnded`
/// (an atomic, no lock). Nothing is called with `life` held.
@usableFromInline
class WorkerCore: StopNode, @unchecked Sendable {  // proof: every `var` is guarded by `life`, or says by what else
    final let name: String
    final let priority: WorkerPriority
    // proof: held by the node above, which this one holds: a count that every worker of a scope would fight for is not touched.
    final unowned(unsafe) let scope: ScopeCore
    final let timeLimit: Duration?
    /// Its body runs in another process.
    final let isRemote: Bool

    private final let life = FutexLock()
    private final var machine = WorkerStateMachine()
    private final var storedEnding: WorkerEnding?
    private final var waiters: [UInt64: @Sendable (WorkerEnding) -> Void] = [:]
    private final var lastWaiter: UInt64 = 0
    /// One for each thread of a body, and
    private final var pauseParkers: [Parker] = []
    /// one for each task of an async body that waits in a checkpoint.
    private final var pauseSignals: [WakeSignal] = []
    private final var task: Task<Void, Never>?
    /// What runs the body in another process; let go of at the end, for it holds this worker.
    private final var remoteWork: (any RemoteWork)?
    private final var timer: TimerRegistration?
    private final var slot: RunSlot?
    private final var thread: PoolThread?
    /// What the slot said at the end; it belongs to somebody else soon after.
    private final var endCheckpoint: CallSite?
    private final var endGap: Duration?
    private final let queuedAt: MonotonicTime
    private final var beganAt: MonotonicTime?
    private final var askedAt: MonotonicTime?
    private final var endedAt: MonotonicTime?
    private final let hasEnded = Atomic<Bool>(false)
    private final let isObserved = Atomic<Bool>(false)

    /// Guarded by the pool's lock: whether an entry of the pool's queue still stands for this worker.
    final var isInPoolQueue = false
    /// Guarded by the scope's lock: whether it counts against the scope's limit.
    final var holdsScopePlace = false
    /// Guarded by the scope's lock: whether an entry of the scope's own queue still stands for this worker.
    final var isInScopeQueue = false

    init(
        name: String, options: WorkerOptions, scope: ScopeCore, parent: StopNode, remote: (any RemoteWork)? = nil
    ) {
        self.name = name
        isRemote = remote != nil
        remoteWork = remote
        self.scope = scope
        priority = options.priority
        timeLimit = options.timeLimit
        queuedAt = scope.coarseNow
        super.init(parent: parent)
    }

    // MARK: What the subclass adds

    /// Runs the whole body on the calling pool thread (or starts it, for an async body) and ends the worker.
    func execute(on thread: PoolThread) { fatalError("abstract") }
    /// The ending is there: no more updates, and the body's captures are let go unless it still runs.
    func closeUpdates(neverBegan: Bool) {}
    /// The ending is a failure, which somebody has to look at.
    func didFail() {}

    // MARK: Facts

    /// Who runs its body in another process; nil for one that runs here, or has ended.
    final var remote: (any RemoteWork)? { isRemote ? life.withLock { remoteWork } : nil }
    final var isEnded: Bool { hasEnded.load(ordering: .acquiring) }
    final var state: WorkerState { life.withLock { machine.current } }
    final var endingIfEnded: WorkerEnding? { life.withLock { storedEnding } }
    final func markObserved() { isObserved.store(true, ordering: .relaxed) }
    /// True for the one who is to report that nobody looked.
    final func takeUnobserved() -> Bool { !isObserved.exchange(true, ordering: .relaxed) }

    final var info: WorkerInfo {
        let now = scope.time.now
        return life.withLock {
            let since = endedAt ?? now
            return WorkerInfo(
                name: name, scope: scope.name, state: machine.current, priority: priority,
                queuedFor: (beganAt ?? since) - queuedAt,
                ranFor: beganAt.map { since - $0 } ?? .zero,
                thread: thread?.name, lastCheckpoint: lockedCheckpoint)
        }
    }

    /// How long the body has run, within a few milliseconds; zero before it began.
    final var elapsed: Duration {
        let now = scope.coarseNow
        return life.withLock { beganAt.map { max(.zero, now - $0) } ?? .zero }
    }

    private final var lockedCheckpoint: CallSite? { endedAt == nil ? slot?.lastCheckpoint : endCheckpoint }

    // MARK: Running

    /// A thread (nil for an async body) takes the worker on. False when there is nothing to run any more.
    final func begin(on thread: PoolThread?, slot: RunSlot?) -> Bool {
        let now = scope.coarseNow
        let mayRun = life.withLock {
            // The flag is set before ``didStop(_:)`` is called, and after a stop no body is entered: whoever set it ends
            // this worker.
            guard !isStoppedFromAbove, machine.begin() else { return false }
            self.thread = thread
            self.slot = slot
            beganAt = now
            return true
        }
        guard mayRun else { return false }
        if WorkerObservation.isOn { WorkerObservation.began() }
        slot?.begin(worker: name, scope: scope.name)
        if let timeLimit {
            let timer = scope.time.schedule(after: timeLimit) { [weak self] in self?.stop(.deadline) }
            life.withLock { self.timer = timer }
        }
        return true
    }

    /// The task of an async body: cancelled when the worker is stopped or abandoned.
    final func adopt(_ task: Task<Void, Never>) {
        let mustCancel = life.withLock {
            self.task = task
            return isStopped
        }
        if mustCancel { task.cancel() }
    }

    /// The ending that an error thrown by the body means.
    final func ending(for error: any Error) -> WorkerEnding {
        guard let reason else { return .failed(error) }
        switch error {
        case is StopError, is CancellationError:
            if reason == .deadline, let timeLimit { return .timedOut(after: timeLimit) }
            return .stopped(reason)
        default: return .failed(error)
        }
    }

    /// Gives the worker its ending, once; false when it has one.
    @discardableResult
    final func end(_ ending: WorkerEnding, at time: MonotonicTime? = nil) -> Bool {
        // The stop latency is exact; without a stop the few milliseconds of the coarse clock matter to nobody.
        let now = time ?? (isStopped ? scope.time.now : scope.coarseNow)
        // Let go of after the lock is.
        var released: (any RemoteWork)?
        defer { withExtendedLifetime(released) {} }
        let won: Won? = life.withLock {
            guard machine.end() else { return nil }
            storedEnding = ending
            endedAt = now
            endCheckpoint = slot?.lastCheckpoint
            endGap = slot?.longestGapSoFar
            defer {
                waiters = [:]
                timer = nil
                released = remoteWork
                remoteWork = nil
                // The body of an abandoned worker still runs on it.
                if case .abandoned = ending {} else { slot = nil }
            }
            return Won(
                waiters: waiters, timer: timer, gap: endGap, latency: askedAt.map { max(.zero, now - $0) },
                wasAsync: thread == nil && slot != nil, neverBegan: beganAt == nil,
                ranFor: beganAt.map { max(.zero, now - $0) })
        }
        guard let won else { return false }
        hasEnded.store(true, ordering: .releasing)
        if case .abandoned = ending {} else { flags.bitwiseOr(Self.endedFlag, ordering: .relaxed) }
        won.timer?.cancel()
        detach()
        retire()
        closeUpdates(neverBegan: won.neverBegan)
        if ending.isFailure { didFail() }
        // One that never began has nothing to tell.
        if WorkerObservation.isOn {
            WorkerObservation.ended(.init(kind: ending.kind, ranFor: won.ranFor, stopLatency: won.latency))
        }
        if !won.neverBegan { WorkerStatistics.record(name: name, gap: won.gap, stopLatency: won.latency) }
        if won.wasAsync { scope.pool.asyncBodyEnded(self) }
        if won.waiters.count == 1 {
            won.waiters.first?.value(ending)
        } else {
            for id in won.waiters.keys.sorted() { won.waiters[id]?(ending) }
        }
        // Counted last, so that nobody settles the scope and cuts delivery before this ending is on its way. From the lists
        // it is gone already.
        scope.act(on: scope.count(self, ending))
        return true
    }

    private struct Won {
        let waiters: [UInt64: @Sendable (WorkerEnding) -> Void]
        let timer: TimerRegistration?
        let gap: Duration?
        let latency: Duration?
        let wasAsync: Bool
        let neverBegan: Bool
        let ranFor: Duration?
    }

    /// Its budget is over: it ends as abandoned, and its thread is left behind. `reason` is what it is told if whoever asks
    /// the workers to stop has not come to it yet, on a busy machine: a body always learns that it is over.
    final func abandon(_ reason: StopReason) {
        if !isStopped { stop(reason) }
        if let remote {
            // Its process is killed: nothing of it is left behind.
            remote.kill()
            end(.stopped(self.reason ?? reason))
            return
        }
        guard end(.abandoned(straggler)) else { return }
        // Read after the end: a body cannot begin any more.
        let (thread, task, asked) = life.withLock { (self.thread, self.task, askedAt) }
        task?.cancel()
        if let thread {
            scope.pool.abandon(thread, running: self)
        } else {
            scope.pool.forget(self)
            if let asked { scope.pool.abandonSwiftJob(since: asked) }
        }
    }

    final var straggler: Straggler {
        let now = scope.time.now
        return life.withLock {
            Straggler(
                worker: name, scope: scope.name, thread: thread?.name, lastCheckpoint: lockedCheckpoint,
                ranFor: beganAt.map { now - $0 } ?? .zero, askedFor: askedAt.map { now - $0 } ?? .zero,
                kernelThread: thread?.kernelThread)
        }
    }

    final func report(_ ending: WorkerEnding?) -> WorkerReport {
        let reason = reason
        let now = scope.time.now
        // Before the lock: the description of an error is the user's code.
        let detail = ending.map { "\($0)" } ?? "running"
        return life.withLock {
            WorkerReport(
                name: name, scope: scope.name, asked: reason.map { "\($0)" },
                stopLatency: askedAt.map { max(.zero, (endedAt ?? now) - $0) },
                lastCheckpoint: lockedCheckpoint, longestCheckpointGap: endedAt == nil ? slot?.longestGapSoFar : endGap,
                ending: ending?.kind ?? "running", detail: detail, endedAt: endedAt)
        }
    }

    // MARK: Stop, pause

    private final var stopError: StopError { StopError(reason ?? .requested("")) }

    override final func didStop(_ reason: StopReason) {
        let now = scope.time.now
        let (action, parkers, signals, task) = life.withLock {
            let action = machine.stop()
            if action != .none { askedAt = now }
            defer {
                pauseParkers = []
                pauseSignals = []
            }
            return (action, pauseParkers, pauseSignals, self.task)
        }
        switch action {
        case .endNow:
            let remote = remote
            // First, so that the pool is not done for a moment while its scope has the next one ready.
            end(.stopped(reason), at: now)
            scope.pool.forget(self)
            remote?.stop(reason)
        case .tellBody:
            for parker in parkers { parker.unpark() }
            for signal in signals { signal.wake() }
            task?.cancel()
            remote?.stop(reason)
        case .none: break
        }
    }

    final func pause() -> Bool {
        let isPausing = life.withLock {
            guard machine.pause() else { return false }
            flags.bitwiseOr(Self.pauseFlag, ordering: .relaxed)
            return true
        }
        if isPausing { remote?.pauseChanged() }
        return isPausing
    }

    final func resume() {
        let (parkers, signals, isResumed) = life.withLock { () -> ([Parker], [WakeSignal], Bool) in
            guard machine.resume() else { return ([], [], false) }
            flags.bitwiseAnd(~Self.pauseFlag, ordering: .relaxed)
            defer {
                pauseParkers = []
                pauseSignals = []
            }
            return (pauseParkers, pauseSignals, true)
        }
        for parker in parkers { parker.unpark() }
        for signal in signals { signal.wake() }
        if isResumed { remote?.pauseChanged() }
    }

    /// The slow side of a checkpoint: a flag is set. Waits while paused; throws once stopped.
    @usableFromInline
    final func honourFlags(_ row: UnsafeMutablePointer<roost_ledger_slot>, _ site: UInt64) throws {
        note(row, site)
        while true {
            if isStopped { throw stopError }
            let parker = life.withLock { () -> Parker? in
                guard machine.mustWaitAtCheckpoint() else { return nil }
                let parker = Parker()
                pauseParkers.append(parker)
                return parker
            }
            guard let parker else { break }
            parker.park()
        }
        if isStopped { throw stopError }
    }

    @usableFromInline
    final func honourFlagsAsync(_ row: UnsafeMutablePointer<roost_ledger_slot>, _ site: UInt64) async throws {
        note(row, site)
        while true {
            if isStopped { throw stopError }
            let signal = life.withLock { () -> WakeSignal? in
                guard machine.mustWaitAtCheckpoint() else { return nil }
                let signal = WakeSignal()
                pauseSignals.append(signal)
                return signal
            }
            guard let signal else { break }
            await signal.wait()
            // A stop cancels the task, too, and is what the loop throws then.
            if !isStopped { try Task.checkCancellation() }
        }
        if isStopped { throw stopError }
    }

    /// The body of a worker that was given up has returned after all: its row is another worker's from here on.
    final func abandonedBodyReturned() {
        flags.bitwiseOr(Self.endedFlag, ordering: .relaxed)
        life.withLock { slot = nil }
    }

    /// Once a body has returned its row is another worker's; that of an abandoned one is still its own.
    private final func note(_ row: UnsafeMutablePointer<roost_ledger_slot>, _ site: UInt64) {
        if life.withLock({ slot?.row == row }) { roost_ledger_checkpoint(row, site) }
    }

    // MARK: Waiting

    /// Calls `action` with the ending: at once, on this thread, when it is there; else on the thread that ends the worker.
    /// Returns an id for ``forget(_:)``, or nil when it was called at once.
    @discardableResult
    final func whenEnded(_ action: @escaping @Sendable (WorkerEnding) -> Void) -> UInt64? {
        let (id, ready) = life.withLock { () -> (UInt64?, WorkerEnding?) in
            if let storedEnding { return (nil, storedEnding) }
            lastWaiter += 1
            waiters[lastWaiter] = action
            return (lastWaiter, nil)
        }
        if let ready { action(ready) }
        return id
    }

    /// How many are to be told of the ending.
    final var waiterCount: Int { life.withLock { waiters.count } }

    final func forget(_ id: UInt64) {
        life.withLock { waiters[id] = nil }
    }
}
