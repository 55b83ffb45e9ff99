extension ScopeCore {
    func expectGone(_ object: AnyObject, _ name: String, within grace: Duration) {
        let end = ExpectedEnd(object, name: name, scope: self.name, grace: grace, now: time.now)
        let (closedAt, gone) = state.withLock { state -> (MonotonicTime?, [ExpectedEnd]) in
            guard state.closedAt == nil else { return (state.closedAt, []) }
            state.expected.append(end)
            return (nil, state.expected.count >= state.expectedLimit ? state.expected : [])
        }
        if let closedAt { return watch(end, closedAt: closedAt) }
        if !gone.isEmpty { forgetExpected(gone) }
    }

    /// A window that lives long may declare many things that go before it does.
    private func forgetExpected(_ all: [ExpectedEnd]) {
        let gone = Set(all.filter(\.isGone).map { ObjectIdentifier($0) })
        state.withLock { state in
            state.expected.removeAll { gone.contains(ObjectIdentifier($0)) }
            state.expectedLimit = max(64, 2 * state.expected.count)
        }
    }

    /// The close is over once delivery was cut and every worker has its ending, whichever is first: from then on counts the time
    /// of those that are to go with it. To be called after each of the two.
    func watchExpected() {
        let now = time.now
        let expected = state.withLock { state -> [ExpectedEnd] in
            guard state.machine.isCut, state.hasSettled, state.closedAt == nil else { return [] }
            state.closedAt = now
            defer { state.expected = [] }
            return state.expected
        }
        for end in expected { watch(end, closedAt: now) }
    }

    private func watch(_ end: ExpectedEnd, closedAt: MonotonicTime) {
        let (survivors, time) = (root.survivors, time)
        _ = time.schedule(after: end.grace) { survivors.look(at: end, closedAt: closedAt, time) }
    }
}
