/// Actions that wait for one event, each to be called once. Guarded by the lock of whoever owns it; they are called, and
/// let go of, with no lock held.
package struct Waiters {
    package typealias Action = @Sendable () -> Void
    package typealias ID = UInt64

    /// What stands for nobody: the event was there already.
    package static let nobody: ID = 0

    private var actions: [ID: Action] = [:]
    private var last = Waiters.nobody

    package init() {}

    package var count: Int { actions.count }

    /// Keeps `action` unless the event is there already. Then the id is ``nobody``, and it is the caller's to call.
    package mutating func add(unless isThere: Bool, _ action: @escaping Action) -> ID {
        guard !isThere else { return Self.nobody }
        last += 1
        actions[last] = action
        return last
    }

    /// The action, which waits no longer; nil when it does not wait any more.
    package mutating func remove(_ id: ID) -> Action? { actions.removeValue(forKey: id) }

    /// All of them; none waits any longer.
    package mutating func takeAll() -> [Action] {
        guard !actions.isEmpty else { return [] }
        defer { actions = [:] }
        return Array(actions.values)
    }
}
