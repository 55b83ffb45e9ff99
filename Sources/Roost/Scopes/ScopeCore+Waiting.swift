extension ScopeCore {
    // MARK: Room

    /// Calls `action` once when a worker may be started: when the scope has a free place and the pool's queue may have
    /// room; at once when that is so.
    func whenRoom(_ action: @escaping @Sendable () -> Void) -> RoomWait {
        let id = state.withLock { state -> UInt64? in
            guard state.running >= limit else { return nil }
            state.lastWaiter += 1
            state.roomWaiters[state.lastWaiter] = action
            return state.lastWaiter
        }
        return RoomWait(inScope: id, inPool: id == nil ? pool.whenRoom(action) : nil)
    }

    func forgetRoom(_ wait: RoomWait) {
        if let id = wait.inScope { state.withLock { $0.roomWaiters[id] = nil } }
        if let id = wait.inPool { pool.forgetRoom(id) }
    }

    struct RoomWait {
        let inScope: UInt64?
        let inPool: UInt64?
    }

    // MARK: The scope's own queue

    func isWaiting(_ worker: WorkerCore) -> Bool { state.withLock { _ in worker.isInScopeQueue } }

    /// Takes a worker out that waits behind the limit; false when it does not.
    func forgetWaiting(_ worker: WorkerCore) -> Bool {
        let (taken, buried) = state.withLock { ($0.queue.forget(worker), $0.queue.takeGraveyard()) }
        withExtendedLifetime(buried) {}
        return taken
    }

    /// The workers that wait behind the limit, in order.
    var waitingWorkers: [WorkerCore] { state.withLock { $0.queue.workers } }
}
