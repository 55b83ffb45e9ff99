/// An object that is to be gone by some time. It is not held.
final class ExpectedEnd: Sendable {
    private struct State {
        weak var object: AnyObject?
        /// What a look found, until the main thread lets go of it.
        var found: AnyObject?
    }

    let name: String
    let scope: String
    let grace: Duration
    private let declaredAt: MonotonicTime
    private let state = Locked(State())

    init(_ object: AnyObject, name: String, scope: String, grace: Duration, now: MonotonicTime) {
        self.name = name
        self.scope = scope
        self.grace = grace
        declaredAt = now
        state.withLock { $0.object = object }
    }

    /// For the thread that declares things, where they belong.
    var isGone: Bool {
        // Out of the lock with what was found: should everybody else let go of it meanwhile, it ends here, and its end is the user's code.
        let found = state.withLock { $0.object }
        return found == nil
    }

    /// Whether it is there, on any thread. To look is to hold it for a moment, in which everybody else may let go of it: it would
    /// end on the thread that looked.
    func isThere() -> Bool {
        let isThere = state.withLock { state in
            if state.found == nil { state.found = state.object }
            return state.found != nil
        }
        if isThere { TaskPort.main.post { [self] in letGo() } }
        return isThere
    }

    private func letGo() {
        // Outside the lock: its end is code of the user's.
        let found = state.withLock { $0.found.take() }
        withExtendedLifetime(found) {}
    }

    func survivor(closedAt: MonotonicTime, now: MonotonicTime) -> Survivor {
        Survivor(name: name, scope: scope, age: now - declaredAt, overdue: now - closedAt)
    }
}

/// What did not go with its scope, for the report at the end of the process.
final class SurvivorList: Sendable {
    private struct Entry {
        var end: ExpectedEnd
        var closedAt: MonotonicTime
        var time: any TimeSource
    }

    /// The oldest are kept.
    private static let most = 1_000
    private let entries = Locked<[Entry]>([])

    /// The time has passed: reports what is still there.
    func look(at end: ExpectedEnd, closedAt: MonotonicTime, _ time: any TimeSource) {
        guard end.isThere() else { return }
        entries.withLock { entries in
            if entries.count < Self.most { entries.append(Entry(end: end, closedAt: closedAt, time: time)) }
        }
        Survivor.report(end.survivor(closedAt: closedAt, now: time.now))
    }

    /// Those that are there now, at most 100.
    var current: [Survivor] {
        let there = entries.withLock { $0 }.filter { $0.end.isThere() }
        entries.withLock { entries in entries.removeAll { entry in !there.contains { $0.end === entry.end } } }
        return there.prefix(100).map { $0.end.survivor(closedAt: $0.closedAt, now: $0.time.now) }
    }
}
