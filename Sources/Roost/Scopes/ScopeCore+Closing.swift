extension ScopeCore {
    // MARK: Stopping and closing

    /// Stops the workers there are; an open scope goes on taking new ones.
    func stop(_ reason: StopReason) {
        let nodes = state.withLock { $0.nodes }
        openRound()
        for node in nodes { node.stop(reason) }
    }

    /// Refuses new work, asks the workers to stop, and abandons the late ones when `budget` is over; of two budgets the one
    /// that is over first counts. `onSettled` is called once the close has settled: at once, on this thread, when it has,
    /// and not at all when it is called off.
    func beginClosing(
        _ reason: StopReason, within budget: Duration, onSettled: (@Sendable (ScopeReport) -> Void)? = nil
    ) {
        let now = time.now
        let (action, nodes, round, settled, wakes) = state.withLock { state in
            let wasSettled = state.machine.state == .settled
            let action = state.machine.close(reason, budget: budget, unfinished: state.unfinished, now: now)
            if let onSettled, !wasSettled { state.onSettled.append(onSettled) }
            return (
                action, state.nodes, state.machine.round, wasSettled ? state.settled : nil, state.roomWaiters.takeAll()
            )
        }
        for wake in wakes { wake() }
        if let onSettled { settled?.whenResolved(onSettled) }
        switch action {
        case .none: return
        case .shorten: armBudget(budget, endingAt: now + budget, round: round)
        case .settle:
            for node in nodes { node.stop(reason) }
            settle()
        case .stop:
            armBudget(budget, endingAt: now + budget, round: round)
            for node in nodes { node.stop(reason) }
        }
    }

    private func armBudget(_ budget: Duration, endingAt deadline: MonotonicTime, round: Int) {
        let timer = time.scheduleBudget(after: budget) { [self] in deadlinePassed(round: round) }
        let superfluous = state.withLock { state -> TimerRegistration? in
            // Another close may have been in more of a hurry meanwhile.
            guard state.machine.state == .closing, state.machine.round == round, state.machine.deadline == deadline
            else {
                return timer
            }
            defer { state.timer = timer }
            return state.timer
        }
        superfluous?.cancel()
    }

    /// Calls a close off; false when it is over, was cut, or the process itself is ending.
    func keepOpen() -> Bool {
        guard !root.node.isStopped else { return false }
        // Let go outside the lock.
        var dropped: [@Sendable (ScopeReport) -> Void] = []
        let (isOpen, timer) = state.withLock { state -> (Bool, TimerRegistration?) in
            guard state.machine.keepOpen() else { return (false, nil) }
            state.ended = []
            defer {
                state.timer = nil
                state.onSettled = []
            }
            dropped = state.onSettled
            return (true, state.timer)
        }
        withExtendedLifetime(dropped) {}
        guard isOpen else { return false }
        timer?.cancel()
        openRound()
        return true
    }

    /// Takes a close back that has settled; false when a worker was abandoned, delivery was cut, or the process itself is
    /// ending.
    func reopen() -> Bool {
        guard !root.node.isStopped else { return false }
        let isOpen = state.withLock { state in
            guard state.hasSettled, state.stragglers.isEmpty, state.machine.reopen() else { return false }
            state.hasSettled = false
            state.settled = OneShot()
            state.ended = []
            return true
        }
        if isOpen { openRound() }
        return isOpen
    }

    private func deadlinePassed(round: Int) {
        // Once it has passed, the close cannot be called off any more: only workers that were asked are abandoned.
        if state.withLock({ $0.machine.deadlinePassed(round: round) }) { abandonAll() }
    }

    /// Ends every worker that still runs as abandoned.
    func abandonAll() {
        let reason = state.withLock { $0.machine.reason } ?? .requested("")
        for worker in workers { worker.abandon(reason.forChild) }
    }

    func settle() {
        let now = time.now
        var nodes: [ScopeNode] = []
        let (report, timer, settled, actions) = state.withLock { state in
            let machine = state.machine
            nodes = state.nodes
            state.nodes = []
            let report = ScopeReport(
                name: name, reason: machine.reason ?? .requested(""),
                duration: now - (machine.askedAt ?? now), stragglers: state.stragglers, workers: state.ended)
            defer {
                state.timer = nil
                state.onSettled = []
                state.hasSettled = true
            }
            return (report, state.timer, state.settled, state.onSettled)
        }
        timer?.cancel()
        for node in nodes {
            node.detach()
            node.retire()
        }
        settled.resolve(report)
        for action in actions { action(report) }
        watchExpected()
    }

    /// Waits until no callback runs any more, but not longer than `limit`.
    func waitUntilIdle(atMost limit: Duration) async {
        guard !gate.isIdle, limit > .zero else { return }
        let over = OneShot<Void>()
        gate.whenIdle { over.resolve(()) }
        let timer = time.scheduleBudget(after: limit) { over.resolve(()) }
        await over.value
        timer.cancel()
    }

    /// Resolves when the close has settled: every worker has its ending.
    var settledReport: ScopeReport {
        get async { await state.withLock { $0.settled }.value }
    }

    /// No callback begins from here on; a close begins if none was asked for.
    func cutDelivery(_ reason: StopReason) {
        let (isFirst, isOpen) = state.withLock { ($0.machine.cut(), $0.machine.state == .open) }
        guard isFirst else { return }
        gate.cut()
        // One that is under way keeps the budget it was given.
        if isOpen { beginClosing(reason, within: budget) }
        watchExpected()
    }

    /// Whether a close is under way or over that could be taken back.
    var mayTakeBack: Bool {
        guard !root.node.isStopped else { return false }
        return state.withLock { state in
            let isTakeable = state.machine.state == .closing || state.hasSettled
            return isTakeable && !state.machine.isCut && state.stragglers.isEmpty
        }
    }

    var phase: WorkerScope.Phase {
        state.withLock { state in
            if state.machine.isCut { return .closed }
            switch state.machine.state {
            case .open: return .open
            case .closing, .abandoning: return .closing
            case .settled: return .settled
            }
        }
    }

    var timeLeft: Duration? {
        let now = time.now
        return state.withLock { state in
            guard state.machine.state == .closing, let deadline = state.machine.deadline else { return nil }
            return max(.zero, deadline - now)
        }
    }
}
