// Lock order and invariants of a scope
// 1. `state`'s lock guards everything in `State`, and `holdsScopePlace` and `isInScopeQueue` of its workers. Below it only
//    a node's lock is taken, by `openRound`; else the methods decide under the lock and act after it.
// 2. `unfinished` counts workers that were created and have no ending; every one of them hangs below one of `nodes`.
// 3. `running` counts those that hold one of the scope's places; with a limit it never exceeds it.
// 4. While `queue` has somebody, no place is free, or whoever freed one is handing it on (`isRefilling`), or the pool has no
//    room for the first of them (`waitsForPoolRoom`).

/// The inside of a scope. Lives until its last worker has ended. How it closes is in `ScopeCore+Closing`.
final class ScopeCore: Sendable {
    let name: String
    let pool: PoolCore
    let root: WorkRoot
    let time: any TimeSource
    let budget: Duration
    let gate = DeliveryGate()
    let limit: Int
    private let isSystemTime: Bool
    private let policy: WorkerScope.FailurePolicy
    let state: Locked<State>

    struct State {
        var machine = ScopeStateMachine()
        /// The node of new workers, last; before it those of stopped rounds that still have workers.
        var nodes: [ScopeNode] = []
        var unfinished = 0
        var running = 0
        /// Workers beyond the limit.
        var queue = ScopeQueue()
        /// Who waits for a free place, to start something then.
        var roomWaiters = Waiters()
        /// Somebody is handing places to waiting workers; whoever frees one meanwhile leaves it to them.
        var isRefilling = false
        /// The pool had no room for the first that waits: it is tried again when there is.
        var waitsForPoolRoom = false
        var drainedWaiters = Waiters()
        var timer: TimerRegistration?
        /// What the owner of the present close wants called; a close that is called off calls nothing.
        var onSettled: [@Sendable (ScopeReport) -> Void] = []
        /// The end of the present close, or of the next one.
        var settled = OneShot<ScopeReport>()
        /// Whether the present close has settled, its report and all.
        var hasSettled = false
        var ended: [WorkerReport] = []
        var stragglers: [Straggler] = []
        /// What is to go with the scope; looked at once its close is over.
        var expected: [ExpectedEnd] = []
        /// With so many, those that have gone are forgotten.
        var expectedLimit = 64
        /// When the close was over: delivery was cut, and no worker was left.
        var closedAt: MonotonicTime?

        func keepsReports(_ root: WorkRoot) -> Bool {
            (machine.state != .open || root.node.isStopped) && ended.count < ScopeCore.reported
        }
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
        isSystemTime = time is SystemTime
        self.limit = limit.map { max(1, $0) } ?? .max
        self.budget = budget
        self.policy = policy
        state = Locked(State())
        openRound()
    }

    /// From here on new workers hang below a node of their own, not below one that was stopped. Without effect on a scope
    /// that is not open.
    func openRound() {
        let node = ScopeNode(scope: self, root: root)
        node.attach()
        let superfluous = state.withLock { state in
            guard state.machine.state == .open else { return [node] }
            // Only a stopped node never gets a child again; any other may be about to.
            let empty = state.nodes.filter { $0.isStopped && !$0.hasChildren }
            state.nodes.removeAll { node in empty.contains { $0 === node } }
            state.nodes.append(node)
            return empty
        }
        for node in superfluous { node.detach() }
    }

    /// The present on the scope's clock, within a few milliseconds and for a fifth of the price.
    var coarseNow: MonotonicTime { isSystemTime ? .coarseNow : time.now }

    var token: StopToken {
        StopToken(node: state.withLock { $0.nodes.last } ?? closedNode(), keeper: self)
    }

    /// For whoever comes after the close has settled: a node of its own, stopped.
    private func closedNode() -> ScopeNode {
        let node = ScopeNode(scope: self, root: root)
        node.stop(state.withLock { $0.machine.reason } ?? .requested(""))
        return node
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
        /// Into the pool's queue, not into the scope's.
        case whenRoom
        case onlyIfFree
        case reserved
    }

    /// Creates a worker below the current node. It counts from here on and has to be launched or ended.
    func make(
        _ name: String, options: WorkerOptions, body: WorkerBody
    ) -> Worker {
        let (parent, refusal) = state.withLock { state -> (StopNode?, StopReason?) in
            state.unfinished += 1
            let isOpen = state.machine.state == .open
            return (state.nodes.last, isOpen ? nil : state.machine.reason)
        }
        let worker = Worker(name: name, options: options, scope: self, parent: parent ?? closedNode(), body: body)
        worker.attach()
        // A close under way on another thread may not have reached the node yet.
        if let refusal { worker.stop(refusal.forChild) }
        return worker
    }

    /// Puts the worker where it will run; the refusal when the pool has no place for it.
    func launch(_ worker: WorkerCore, _ placement: Placement = .queue) -> WorkerPoolError? {
        var isOverLimit = false
        let mayGo = state.withLock { state in
            if worker.isStopped || worker.isEnded { return false }
            if state.running >= limit, placement != .queue {
                isOverLimit = true
                return false
            }
            // Behind those that wait already, also while their place is being handed to them.
            if state.running >= limit || placement == .queue && !state.queue.isEmpty {
                state.queue.append(worker)
                return false
            }
            state.running += 1
            worker.holdsScopePlace = true
            return true
        }
        if isOverLimit {
            let code: WorkerPoolError.Code = placement == .whenRoom ? .queueFull : .noFreeThread
            return pool.error(code, "scope '\(name)' runs as many workers as its limit allows")
        }
        return mayGo ? submit(worker, placement) : nil
    }

    private func submit(_ worker: WorkerCore, _ placement: Placement) -> WorkerPoolError? {
        if worker.isRemote {
            worker.remote?.enqueue()
            return nil
        }
        let admission =
            switch placement {
            case .queue, .whenRoom: pool.submit(.worker(worker), priority: worker.priority)
            case .onlyIfFree: pool.submit(.worker(worker), priority: .urgent, onlyIfFree: true)
            case .reserved: pool.submitReserved(.worker(worker))
            }
        guard let error = admission.refusal else { return nil }
        // Not ended here: `startWhenRoom` tries again. Its place in the scope is given back meanwhile.
        let wakes = state.withLock { state -> [@Sendable () -> Void] in
            guard worker.holdsScopePlace else { return [] }
            worker.holdsScopePlace = false
            state.running -= 1
            return state.roomWaiters.takeAll()
        }
        refill()
        for wake in wakes { wake() }
        return error
    }

    // MARK: Endings

    /// What an ending means for the scope, to be acted on with no lock held.
    struct Consequences {
        var mustRefill = false
        var hasSettled = false
        var wakes: [@Sendable () -> Void] = []
        /// Let go of with no lock held: the end of a worker may run user code.
        var buried: [WorkerCore] = []
        var siblingFailed: String?
    }

    func count(_ worker: WorkerCore, _ ending: WorkerEnding) -> Consequences {
        // The report of a worker is made outside the lock: it takes the worker's. Only a close keeps them, and not all.
        let report = worker.isStopped && state.withLock { $0.keepsReports(root) } ? worker.report(ending) : nil
        var consequences = state.withLock { state in
            var consequences = Consequences()
            state.unfinished -= 1
            if worker.holdsScopePlace {
                worker.holdsScopePlace = false
                state.running -= 1
                if state.queue.isEmpty { consequences.wakes = state.roomWaiters.takeAll() }
            }
            if state.queue.forget(worker) { consequences.buried = state.queue.graveyard.takeAll() }
            consequences.mustRefill = !state.queue.isEmpty
            if let report, state.keepsReports(root) { state.ended.append(report) }
            if case .abandoned(let straggler) = ending { state.stragglers.append(straggler) }
            if state.unfinished == 0 {
                consequences.wakes += state.drainedWaiters.takeAll()
                consequences.hasSettled = state.machine.drained()
            }
            return consequences
        }
        if ending.isFailure, policy == .stopOthers { consequences.siblingFailed = worker.name }
        return consequences
    }

    func act(on consequences: Consequences) {
        if let name = consequences.siblingFailed { stop(.siblingFailed(name)) }
        if consequences.mustRefill { refill() }
        if consequences.hasSettled { settle() }
        for wake in consequences.wakes { wake() }
    }

    /// Hands free places to waiting workers. A loop, not a recursion: with the pool closed every one of them ends here,
    /// and their endings come back to this method.
    private func refill() {
        guard
            state.withLock({ state in
                defer { state.isRefilling = true }
                return !state.isRefilling
            })
        else { return }
        while true {
            let (next, buried, wakes) = state.withLock {
                state -> (WorkerCore?, [WorkerCore], [@Sendable () -> Void]) in
                let next = state.running < limit ? state.queue.popFirst() : nil
                if let next {
                    state.running += 1
                    next.holdsScopePlace = true
                } else {
                    state.isRefilling = false
                }
                let wakes = state.running < limit && state.queue.isEmpty ? state.roomWaiters.takeAll() : []
                return (next, state.queue.graveyard.takeAll(), wakes)
            }
            withExtendedLifetime(buried) {}
            for wake in wakes { wake() }
            guard let next else { return }
            if next.isRemote {
                next.remote?.enqueue()
                continue
            }
            guard let refusal = pool.submit(.worker(next), priority: next.priority).refusal else { continue }
            if refusal.code == .queueFull { return putBack(next) }
            next.end(refusalEnding(refusal))
        }
    }

    /// A worker that was taken in is not refused for want of room in the pool's queue: it goes on waiting here.
    private func putBack(_ worker: WorkerCore) {
        let isFirst = state.withLock { state in
            state.isRefilling = false
            // Ended meanwhile, it has given its place back already.
            if worker.holdsScopePlace {
                worker.holdsScopePlace = false
                state.running -= 1
                // Stopped this moment: whoever stopped it ends it.
                if !worker.isStopped, !worker.isEnded { state.queue.pushFirst(worker) }
            }
            defer { state.waitsForPoolRoom = true }
            return !state.waitsForPoolRoom
        }
        guard isFirst else { return }
        _ = pool.whenRoom { [self] in
            state.withLock { $0.waitsForPoolRoom = false }
            refill()
        }
    }

    /// Calls `action` once when no worker is left; at once when none is.
    func whenDrained(_ action: @escaping Waiters.Action) -> Waiters.ID {
        let id = state.withLock { $0.drainedWaiters.add(unless: $0.unfinished == 0, action) }
        if id == Waiters.nobody { action() }
        return id
    }

    func forgetDrained(_ id: Waiters.ID) {
        _ = state.withLock { $0.drainedWaiters.remove(id) }
    }
}
