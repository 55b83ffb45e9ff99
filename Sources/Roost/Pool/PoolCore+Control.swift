import Synchronization

extension PoolCore {
    // MARK: Reserved threads

    func reserve() {
        withState { $0.reserved += 1 }
    }

    func release() -> Bool {
        let help: Help? = withState { state in
            guard state.reserved > 0 else { return nil }
            state.reserved -= 1
            return state.queued > 0 || state.swiftJobs.count > 0 ? lockedHelp() : Help.none
        }
        guard let help else { return false }
        give(help)
        return true
    }

    /// Runs `job` in the place of a reserved thread, before everything queued.
    func submitReserved(_ job: PoolJob) -> Admission {
        let outcome: Result<Help, WorkerPoolError> = withState { state in
            if state.isRetired || state.isRefusing {
                return .failure(error(.closed, "it takes no more work: it was closed, or the process is shutting down"))
            }
            guard state.reserved > 0 else {
                return .failure(error(.nothingReserved, "no thread is reserved; call reserveThread first"))
            }
            state.reserved -= 1
            if case .worker(let worker) = job { worker.isInPoolQueue = true }
            state.push(job, priority: .urgent)
            return .success(lockedHelp())
        }
        switch outcome {
        case .success(let help):
            give(help)
            return .accepted
        case .failure(let refusal): return .refused(refusal)
        }
    }

    // MARK: Taking work back

    /// Takes a queued worker's entry out; false when it has begun, or was never queued here.
    @discardableResult
    func forget(_ worker: WorkerCore) -> Bool {
        let (taken, wakes) = withState { state -> (Bool, [@Sendable () -> Void]) in
            guard state.forget(worker) else { return (false, []) }
            return (true, takeWakes(&state))
        }
        for wake in wakes { wake() }
        return taken
    }

    func contains(_ worker: WorkerCore) -> Bool {
        withState { _ in worker.isInPoolQueue }
    }

    /// Drops every closure and stops every worker that has not begun; returns how many.
    func clear(_ reason: StopReason) -> Int {
        var workers: [WorkerCore] = []
        var wakes: [@Sendable () -> Void] = []
        var dropped = 0
        // The entries are let go after the lock is: what they captured may run code at its end.
        var taken = withState { state in
            dropped = state.queued
            let taken = state.takeQueued()
            wakes = takeWakes(&state)
            return TakenJobs(rings: taken)
        }
        taken.forEachWorker { worker in
            let wasQueued = withState { _ in
                defer { worker.isInPoolQueue = false }
                return worker.isInPoolQueue
            }
            if wasQueued { workers.append(worker) }
        }
        for wake in wakes { wake() }
        for worker in workers { worker.stop(reason) }
        return dropped
    }

    /// What waits for the queue's end or for room, when there is reason to wake it.
    private func takeWakes(_ state: inout PoolState) -> [@Sendable () -> Void] {
        var wakes = Array(state.roomWaiters.values)
        state.roomWaiters = [:]
        if state.isDone {
            wakes += state.doneWaiters.values
            state.doneWaiters = [:]
        }
        return wakes
    }

    // MARK: Waiting

    /// Calls `action` once when nothing runs and nothing is queued; at once when that is so. The id is for ``forgetDone(_:)``.
    func whenDone(_ action: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, isDone) = withState { state -> (UInt64, Bool) in
            state.lastWaiter += 1
            if state.isDone { return (state.lastWaiter, true) }
            state.doneWaiters[state.lastWaiter] = action
            return (state.lastWaiter, false)
        }
        if isDone { action() }
        return id
    }

    func forgetDone(_ id: UInt64) {
        withState { $0.doneWaiters[id] = nil }
    }

    /// Calls `action` once when the queue may have room; at once when it has.
    func whenRoom(_ action: @escaping @Sendable () -> Void) -> UInt64 {
        let (id, hasRoom) = withState { state -> (UInt64, Bool) in
            state.lastWaiter += 1
            let isFull = configuration.queueCapacity.map { state.queued >= $0 && !state.mayRunMore } ?? false
            if !isFull || state.isRetired || state.isRefusing { return (state.lastWaiter, true) }
            state.roomWaiters[state.lastWaiter] = action
            return (state.lastWaiter, false)
        }
        if hasRoom { action() }
        return id
    }

    func forgetRoom(_ id: UInt64) {
        withState { $0.roomWaiters[id] = nil }
    }

    func refuseWaitFromOwnWorker(_ call: String) throws {
        let isOwn = PoolThread.current?.pool === self || RunningWorker.current?.core.scope.pool === self
        guard isOwn else { return }
        throw error(
            .waitFromOwnWorker,
            "\(call) was called from one of its own workers, which would wait for itself; "
                + "wait from outside, or await the handles you need")
    }

    // MARK: Settings and the end

    func setMaximum(_ maximum: Int) {
        let (woken, help) = withState { state -> ([PoolThread], Help) in
            state.maximum = max(1, maximum)
            if state.threadCount > state.maximum {
                defer { state.idle = [] }
                return (state.idle, .none)
            }
            return ([], state.queued > 0 || state.swiftJobs.count > 0 ? lockedHelp() : .none)
        }
        for thread in woken { thread.parker.unpark() }
        give(help)
    }

    /// No body begins any more; threads go when the queue is empty.
    func retire() {
        _ = clear(.requested("the pool was closed"))
        let (woken, room) = withState { state -> ([PoolThread], [@Sendable () -> Void]) in
            state.isRetired = true
            defer {
                state.idle = []
                state.roomWaiters = [:]
            }
            return (state.idle, Array(state.roomWaiters.values))
        }
        for thread in woken { thread.parker.unpark() }
        for wake in room { wake() }
    }

    func refuse(_ refusing: Bool) {
        withState { $0.isRefusing = refusing }
    }

    // MARK: Lists

    var threadInfos: [ThreadInfo] {
        let threads = withState { state in state.threads.map { ($0, $0.job, $0.isAbandoned) } }
        return threads.map { thread, job, isAbandoned in
            let doing: ThreadInfo.Doing
            switch job {
            case nil: doing = .idle
            case .worker(let worker): doing = .worker(worker.info)
            case .closure: doing = .closure(for: thread.slot.runsSince.map { .now - $0 } ?? .zero)
            case .swiftJob: doing = .asyncBodies
            }
            return ThreadInfo(name: thread.name, doing: doing, isAbandoned: isAbandoned)
        }
    }

    var queuedWorkers: [WorkerCore] {
        withState { state in
            var workers: [WorkerCore] = []
            for index in stride(from: 4, through: 0, by: -1) {
                state.rings[index].forEach { job in
                    if case .worker(let worker) = job, worker.isInPoolQueue { workers.append(worker) }
                }
            }
            return workers
        }
    }
}

/// Entries taken out of a queue, to be let go outside its lock.
private struct TakenJobs: ~Copyable {
    var rings: InlineArray<5, JobRing>

    mutating func forEachWorker(_ body: (WorkerCore) -> Void) {
        for index in 0..<5 {
            rings[index].forEach { if case .worker(let worker) = $0 { body(worker) } }
        }
    }
}
