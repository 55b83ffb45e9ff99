// Lock order and invariants of a scope
// 1. `lock` guards everything in `State`, and `holdsScopePlace` of its workers. Below it only node locks and the pool's
//    lock may be taken, and neither is: the methods decide under the lock and act after it.
// 2. `unfinished` counts workers that were created and have no ending; every one of them hangs below one of `nodes`.
// 3. `running` counts those that hold one of the scope's places; with a limit it never exceeds it.

/// The inside of a scope. Lives until its last worker has ended.
final class ScopeCore: Sendable {
    let name: String
    let pool: PoolCore
    let root: WorkRoot
    let time: any TimeSource
    let budget: Duration
    let gate = DeliveryGate()
    private let limit: Int
    private let policy: WorkerScope.FailurePolicy
    private let state: Locked<State>
    private let settled = OneShot<ScopeReport>()

    private struct State {
        var machine = ScopeStateMachine()
        /// The node of new workers, last; before it those of stopped rounds that still have workers.
        var nodes: [ScopeNode] = []
        var unfinished = 0
        var running = 0
        var waiting: [WorkerCore] = []
        var waitingHead = 0
        var drainedWaiters: [UInt64: @Sendable () -> Void] = [:]
        var lastWaiter: UInt64 = 0
        var timer: TimerRegistration?
        var ended: [WorkerReport] = []
        var stragglers: [Straggler] = []
    }

    private static let reported = 1_000

    init(
        name: String, pool: PoolCore, root: WorkRoot, time: any TimeSource, limit: Int?, budget: Duration,
        policy: WorkerScope.FailurePolicy
    ) {
        self.name = name
        self.pool = pool
        self.root = root
        self.time = time
        self.limit = limit.map { max(1, $0) } ?? .max
        self.budget = budget
        self.policy = policy
        state = Locked(State())
        openRound()
    }

    deinit {
        for node in state.withLock({ $0.nodes }) { node.detach() }
    }

    /// From here on new workers hang below a node of their own, not below one that was stopped.
    private func openRound() {
        let node = ScopeNode(scope: self, root: root)
        node.attach()
        let empty = state.withLock { state in
            let empty = state.nodes.filter { $0.children.isEmpty }
            state.nodes.removeAll { $0.children.isEmpty }
            state.nodes.append(node)
            return empty
        }
        for node in empty { node.detach() }
    }

    var token: StopToken {
        let node = state.withLock { $0.nodes[$0.nodes.count - 1] }
        return StopToken(node: node, keeper: self)
    }

    var workers: [WorkerCore] {
        state.withLock { $0.nodes }.flatMap { $0.children.reversed() }.compactMap { $0 as? WorkerCore }
    }

    /// The reports of workers that were stopped by a close or by the process's end, in the order they ended.
    var stoppedWorkers: [WorkerReport] { state.withLock { $0.ended } }

    var unfinished: Int { state.withLock { $0.unfinished } }

    // MARK: Starting

    enum Placement {
        case queue
        case onlyIfFree
        case reserved
    }

    /// Creates a worker below the current node. It counts from here on and has to be launched or ended.
    func make<Value, Update>(
        _ name: String, options: WorkerOptions, body: TypedWorker<Value, Update>.Body
    ) -> TypedWorker<Value, Update> {
        let parent = state.withLock { state in
            state.unfinished += 1
            return state.nodes[state.nodes.count - 1]
        }
        let worker = TypedWorker<Value, Update>(name: name, options: options, scope: self, parent: parent, body: body)
        worker.attach()
        return worker
    }

    /// Puts the worker where it will run; the refusal when the pool has no place for it.
    func launch(_ worker: WorkerCore, _ placement: Placement = .queue) -> WorkerPoolError? {
        let mayGo = state.withLock { state in
            if worker.isEnded { return false }
            if state.running >= limit, placement == .queue {
                state.waiting.append(worker)
                return false
            }
            state.running += 1
            worker.holdsScopePlace = true
            return true
        }
        return mayGo ? submit(worker, placement) : nil
    }

    private func submit(_ worker: WorkerCore, _ placement: Placement) -> WorkerPoolError? {
        let admission =
            switch placement {
            case .queue: pool.submit(.worker(worker), priority: worker.priority)
            case .onlyIfFree: pool.submit(.worker(worker), priority: .urgent, onlyIfFree: true)
            case .reserved: pool.submitReserved(.worker(worker))
            }
        guard case .refused(let error) = admission else { return nil }
        // Not ended here: `startWhenRoom` tries again. Its place in the scope is given back meanwhile.
        state.withLock { state in
            guard worker.holdsScopePlace else { return }
            worker.holdsScopePlace = false
            state.running -= 1
        }
        return error
    }

    // MARK: Endings

    func workerEnded(_ worker: WorkerCore, _ ending: WorkerEnding) {
        // The report of a worker is made outside the lock: it takes the worker's.
        let report = worker.isStopped ? worker.report(ending) : nil
        var next: WorkerCore?
        let (drained, hasSettled) = state.withLock { state -> ([@Sendable () -> Void], Bool) in
            state.unfinished -= 1
            if worker.holdsScopePlace {
                worker.holdsScopePlace = false
                state.running -= 1
            }
            while state.waitingHead < state.waiting.count, state.running < limit, next == nil {
                let candidate = state.waiting[state.waitingHead]
                state.waitingHead += 1
                guard !candidate.isEnded else { continue }
                state.running += 1
                candidate.holdsScopePlace = true
                next = candidate
            }
            if state.waitingHead > 32, state.waitingHead * 2 > state.waiting.count {
                state.waiting.removeFirst(state.waitingHead)
                state.waitingHead = 0
            }
            if state.machine.state != .open || root.node.isStopped, let report, state.ended.count < Self.reported { state.ended.append(report) }
            if case .abandoned(let straggler) = ending { state.stragglers.append(straggler) }
            guard state.unfinished == 0 else { return ([], false) }
            defer { state.drainedWaiters = [:] }
            return (Array(state.drainedWaiters.values), state.machine.drained())
        }
        if case .failed = ending, policy == .stopOthers { stop(.siblingFailed(worker.name)) }
        if let next, let refusal = submit(next, .queue) { next.end(.failed(refusal)) }
        if hasSettled { settle() }
        for wake in drained { wake() }
    }

    /// Calls `action` once when no worker is left; at once when none is.
    func whenDrained(_ action: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, isNow) = state.withLock { state -> (UInt64, Bool) in
            state.lastWaiter += 1
            if state.unfinished == 0 { return (state.lastWaiter, true) }
            state.drainedWaiters[state.lastWaiter] = action
            return (state.lastWaiter, false)
        }
        if isNow { action() }
        return id
    }

    func forgetDrained(_ id: UInt64) {
        state.withLock { $0.drainedWaiters[id] = nil }
    }

    // MARK: Stopping and closing

    /// Stops the workers there are; an open scope goes on taking new ones.
    func stop(_ reason: StopReason) {
        let nodes = state.withLock { $0.nodes }
        if state.withLock({ $0.machine.state == .open }) { openRound() }
        for node in nodes { node.stop(reason) }
    }

    /// Refuses new work, asks the workers to stop, and abandons the late ones when `budget` is over.
    func beginClosing(_ reason: StopReason, within budget: Duration) {
        let (action, nodes) = state.withLock { state in
            let action = state.machine.close(reason, budget: budget, unfinished: state.unfinished, now: time.now)
            return (action, state.nodes)
        }
        switch action {
        case .none: return
        case .settle:
            for node in nodes { node.stop(reason) }
            settle()
        case .stop:
            let timer = time.scheduleBudget(after: budget) { [self] in deadlinePassed() }
            state.withLock { $0.timer = timer }
            for node in nodes { node.stop(reason) }
        }
    }

    /// Calls a close off; false when it is over, was cut, or the process itself is ending.
    func keepOpen() -> Bool {
        guard !root.node.isStopped else { return false }
        let (isOpen, timer) = state.withLock { state -> (Bool, TimerRegistration?) in
            guard state.machine.keepOpen() else { return (false, nil) }
            state.ended = []
            defer { state.timer = nil }
            return (true, state.timer)
        }
        guard isOpen else { return false }
        timer?.cancel()
        openRound()
        return true
    }

    private func deadlinePassed() {
        if state.withLock({ $0.machine.deadlinePassed() }) { abandonAll() }
    }

    /// Ends every worker that still runs as abandoned.
    func abandonAll() {
        for worker in workers { worker.abandon() }
    }

    private func settle() {
        let (report, timer) = state.withLock { state -> (ScopeReport, TimerRegistration?) in
            let machine = state.machine
            let report = ScopeReport(
                name: name, reason: machine.reason ?? .requested(""),
                duration: time.now - (machine.askedAt ?? time.now), stragglers: state.stragglers, workers: state.ended)
            defer { state.timer = nil }
            return (report, state.timer)
        }
        timer?.cancel()
        settled.resolve(report)
    }

    /// Resolves when the close has settled: every worker has its ending.
    var settledReport: ScopeReport {
        get async { await settled.value }
    }

    /// Calls `action` once the close has settled; at once, on this thread, when it has.
    func whenSettled(_ action: @escaping @Sendable (ScopeReport) -> Void) {
        settled.whenResolved(action)
    }

    /// No callback begins from here on; a close begins if none was asked for.
    func cutDelivery(_ reason: StopReason) {
        guard state.withLock({ $0.machine.cut() }) else { return }
        gate.cut()
        beginClosing(reason, within: budget)
    }

    var phase: WorkerScope.Phase {
        state.withLock { state in
            if state.machine.isCut { return .closed }
            switch state.machine.state {
            case .open: return .open
            case .closing: return .closing
            case .settled: return .settled
            }
        }
    }

    var timeLeft: Duration? {
        state.withLock { state in
            guard state.machine.state == .closing, let deadline = state.machine.deadline else { return nil }
            return max(.zero, deadline - time.now)
        }
    }
}
