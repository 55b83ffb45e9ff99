extension PoolCore {
    // MARK: Reserved threads

    func reserve() {
        withState { $0.reserved += 1 }
    }

    func release() -> Bool {
        let (help, wakes) = withState { state -> (PoolState.Help?, [@Sendable () -> Void]) in
            guard state.reserved > 0 else { return (nil, []) }
            state.reserved -= 1
            return (state.helpIfNeeded(), state.takeWakes(configuration.queueCapacity))
        }
        guard let help else { return false }
        give(help)
        for wake in wakes { wake() }
        return true
    }

    /// Runs `job` in the place of a reserved thread, before everything queued.
    func submitReserved(_ job: PoolJob) -> Admission {
        let outcome: Result<PoolState.Help, WorkerPoolError> = withState { state in
            if state.isClosed { return .failure(closedError) }
            guard state.reserved > 0 else {
                return .failure(error(.nothingReserved, "no thread is reserved; call reserveThread first"))
            }
            if case .worker(let worker) = job {
                // Ended by whoever stopped it; the reservation is kept, as it is when a scope refuses.
                guard !worker.isStopped, !worker.isEnded else { return .success(.none) }
                worker.isInPoolQueue = true
            }
            state.reserved -= 1
            state.push(job, ring: PoolState.reservedRing)
            return .success(state.help())
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
        let (taken, buried, wakes) = withState { state -> (Bool, [WorkerCore], [@Sendable () -> Void]) in
            guard state.forget(worker) else { return (false, [], []) }
            return (true, state.graveyard.takeAll(), state.takeWakes(configuration.queueCapacity))
        }
        for wake in wakes { wake() }
        withExtendedLifetime(buried) {}
        return taken
    }

    func contains(_ worker: WorkerCore) -> Bool {
        worker.scope.isWaiting(worker) || withState { _ in worker.isInPoolQueue }
    }

    /// The workers that wait behind the limit of their scope: for a thread of this pool, but not in its queue yet.
    private var workersBehindLimits: [WorkerCore] {
        root.scopes.filter { $0.pool === self }.flatMap(\.waitingWorkers)
    }

    /// Drops every closure and stops every worker that has not begun; returns how many.
    func clear(_ reason: StopReason) -> Int {
        // First: every place that the queue gives back would be theirs.
        let behindLimits = workersBehindLimits.count { $0.stop(reason) }
        var wakes: [@Sendable () -> Void] = []
        var dropped = 0
        // The entries are let go after the lock is: what they captured may run code at its end.
        let taken = withState { state in
            dropped = state.queued
            let taken = state.takeQueued()
            wakes = state.takeWakes(configuration.queueCapacity)
            return taken
        }
        for wake in wakes { wake() }
        for worker in taken.workers { worker.stop(reason) }
        return dropped + behindLimits
    }

    // MARK: Async bodies

    func asyncBodyBegan(_ worker: WorkerCore) {
        withState { state in
            // Ended already: whoever ended it found nothing to take out.
            if !worker.isEnded { state.asyncBodies[ObjectIdentifier(worker)] = worker }
        }
    }

    func asyncBodyEnded(_ worker: WorkerCore) {
        let wakes = withState { state in
            state.asyncBodies[ObjectIdentifier(worker)] = nil
            return state.takeWakes(configuration.queueCapacity)
        }
        for wake in wakes { wake() }
    }

    // MARK: Waiting

    /// Calls `action` once when nothing runs and nothing is queued; at once when that is so. The id is for ``forgetDone(_:)``.
    func whenDone(_ action: @escaping Waiters.Action) -> Waiters.ID {
        let id = withState { $0.doneWaiters.add(unless: $0.isDone, action) }
        if id == Waiters.nobody { action() }
        return id
    }

    func forgetDone(_ id: Waiters.ID) {
        _ = withState { $0.doneWaiters.remove(id) }
    }

    /// Calls `action` once when the queue may have room; at once when it has.
    func whenRoom(_ action: @escaping Waiters.Action) -> Waiters.ID {
        let id = withState { state in
            let hasRoom = !state.isFull(configuration.queueCapacity) || state.isClosed
            return state.roomWaiters.add(unless: hasRoom, action)
        }
        if id == Waiters.nobody { action() }
        return id
    }

    func forgetRoom(_ id: Waiters.ID) {
        _ = withState { $0.roomWaiters.remove(id) }
    }

    func refuseWaitFromOwnWorker(_ call: String) throws {
        let isOwn = PoolThread.current?.pool === self || RunningWorker.live?.scope.pool === self
        guard isOwn else { return }
        throw error(
            .waitFromOwnWorker,
            "\(call) was called from one of its own workers, which would wait for itself; "
                + "wait from outside, or await the handles you need")
    }

    // MARK: Settings and the end

    func setMaximum(_ maximum: Int) {
        let (woken, help, wakes) = withState { state -> ([PoolThread], PoolState.Help, [@Sendable () -> Void]) in
            state.maximum = max(1, maximum)
            if state.threadCount > state.maximum {
                defer { state.idle = [] }
                return (state.idle, .none, [])
            }
            return ([], state.helpIfNeeded(), state.takeWakes(configuration.queueCapacity))
        }
        for thread in woken { thread.parker.unpark() }
        give(help)
        for wake in wakes { wake() }
    }

    /// No body begins any more; threads go when the queue is empty.
    func retire() {
        _ = clear(.requested("the pool was closed"))
        let (woken, room) = withState { state -> ([PoolThread], [@Sendable () -> Void]) in
            state.isRetired = true
            defer { state.idle = [] }
            return (state.idle, state.roomWaiters.takeAll())
        }
        for thread in woken { thread.parker.unpark() }
        for wake in room { wake() }
    }

    func refuse(_ refusing: Bool) {
        let (help, room) = withState { state -> (PoolState.Help, [@Sendable () -> Void]) in
            state.isRefusing = refusing
            return refusing ? (.none, state.roomWaiters.takeAll()) : (state.helpIfNeeded(), [])
        }
        give(help)
        for wake in room { wake() }
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
        workersInQueue + workersBehindLimits
    }

    private var workersInQueue: [WorkerCore] {
        withState { state in
            var workers: [WorkerCore] = []
            for index in stride(from: PoolState.reservedRing, through: 0, by: -1) {
                state.rings[index].forEach { job in
                    if case .worker(let worker) = job, worker.isInPoolQueue { workers.append(worker) }
                }
            }
            return workers
        }
    }
}
