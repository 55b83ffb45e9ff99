extension ScopeCore {
    // MARK: Room

    /// Calls `action` once when a worker may be started: when the scope has a free place and the pool's queue may have
    /// room; at once when that is so.
    func whenRoom(_ action: @escaping Waiters.Action) -> RoomWait {
        let id = state.withLock { $0.roomWaiters.add(unless: $0.running < limit, action) }
        return id == Waiters.nobody ? .inPool(pool.whenRoom(action)) : .inScope(id)
    }

    func forgetRoom(_ wait: RoomWait) {
        switch wait {
        case .inScope(let id): _ = state.withLock { $0.roomWaiters.remove(id) }
        case .inPool(let id): pool.forgetRoom(id)
        }
    }

    enum RoomWait {
        case inScope(Waiters.ID)
        case inPool(Waiters.ID)
    }

    // MARK: The scope's own queue

    func isWaiting(_ worker: WorkerCore) -> Bool { state.withLock { _ in worker.isInScopeQueue } }

    /// Takes a worker out that waits behind the limit; false when it does not.
    func forgetWaiting(_ worker: WorkerCore) -> Bool {
        let (taken, buried) = state.withLock { ($0.queue.forget(worker), $0.queue.graveyard.takeAll()) }
        withExtendedLifetime(buried) {}
        return taken
    }

    /// The workers that wait behind the limit, in order.
    var waitingWorkers: [WorkerCore] { state.withLock { $0.queue.workers } }
}
