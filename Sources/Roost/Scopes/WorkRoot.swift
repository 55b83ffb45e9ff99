/// The top of all work of a process: what a shutdown stops. Tests make their own.
package final class WorkRoot: Sendable {
    /// The one of this process.
    package static let process = WorkRoot()

    let node = StopNode(parent: nil)
    let survivors = SurvivorList()
    // Held strongly and taken out at their end: a weak reference would put the count of a pool, which every submission
    // touches, into a side table.
    private let pools = Locked<[PoolCore]>([])
    private let threads = Locked<[SerialThreadCore]>([])

    package init() {}

    func add(_ pool: PoolCore) {
        pools.withLock { $0.append(pool) }
        // Made after the end began: it takes nothing either.
        if node.isStopped { pool.refuse(true) }
    }
    func remove(_ pool: PoolCore) { pools.withLock { $0.removeAll { $0 === pool } } }
    func add(_ thread: SerialThreadCore) { threads.withLock { $0.append(thread) } }
    func remove(_ thread: SerialThreadCore) { threads.withLock { $0.removeAll { $0 === thread } } }

    /// The scopes that still exist, oldest first.
    var scopes: [ScopeCore] {
        var seen: Set<ObjectIdentifier> = []
        var scopes: [ScopeCore] = []
        for case let node as ScopeNode in node.children.reversed() {
            if seen.insert(ObjectIdentifier(node.scope)).inserted { scopes.append(node.scope) }
        }
        return scopes
    }

    var liveThreads: [SerialThreadCore] { threads.withLock { $0 } }

    var livePools: [PoolCore] { pools.withLock { $0 } }
}

/// A scope's place in the stop tree. A scope whose close was called off has an old one, stopped, and a new one.
///
/// It holds the scope, and the scope holds it until its close has settled: a scope lives until then.
final class ScopeNode: StopNode, @unchecked Sendable {  // proof: adds a `let`
    let scope: ScopeCore

    init(scope: ScopeCore, root: WorkRoot) {
        self.scope = scope
        super.init(parent: root.node)
    }
}
