/// For whoever runs the program's main body in a frame of its own, a group of services for instance.
extension Shutdown {
    /// Begins the end as ``request(_:status:)`` does, but leaves the exit status to the main body of
    /// ``run(_:configuration:_:)``: should it fail on its way out, the process says so. False when it has begun already.
    @discardableResult
    package func requestWithStatusOfMain(_ cause: ShutdownCause) -> Bool {
        beginEnd(cause, status: 0, isOpenStatus: true)
    }

    /// Calls `action` once when every worker that there is now has its ending and every pool is done; at once when that
    /// is so. By the end of the grace at the latest in a shutdown: the late are abandoned then, which is an ending.
    package func whenWorkHasEnded(_ action: @escaping @Sendable () -> Void) {
        let scopes = root.scopes
        let pools = root.livePools
        // One more, for this call: nothing may be the last before everything was counted.
        let open = Locked(scopes.count + pools.count + 1)
        let done: @Sendable () -> Void = {
            let isLast = open.withLock { open in
                open -= 1
                return open == 0
            }
            if isLast { action() }
        }
        for scope in scopes { _ = scope.whenDrained(done) }
        for pool in pools { _ = pool.whenDone(done) }
        done()
    }

    /// What is left of the grace of a shutdown under way: by its end workers and the main body have to be done. Nil when nobody asked.
    package var graceLeft: Duration? { facts.machine.graceDeadline.map { max(.zero, $0 - .now) } }
}

extension WorkerPool {
    /// Takes no more work from here on.
    package func refuseNewWork() { core.refuse(true) }

    /// Calls `action` once when nothing runs and nothing waits; at once when that is so.
    package func whenDone(_ action: @escaping @Sendable () -> Void) { _ = core.whenDone(action) }
}
