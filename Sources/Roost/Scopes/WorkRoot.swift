/// The top of all work of a process: what a shutdown stops. Tests make their own.
package final class WorkRoot: Sendable {
    /// The one of this process.
    package static let process = WorkRoot()

    let node = StopNode(parent: nil)
    private let pools = Locked<[WeakPool]>([])

    private let threads = Locked<[WeakThread]>([])

    private struct WeakThread: Sendable {
        weak let core: SerialThreadCore?
    }

    private struct WeakPool: Sendable {
        weak let core: PoolCore?
    }

    package init() {}

    func add(_ pool: PoolCore) {
        pools.withLock { pools in
            pools.removeAll { $0.core == nil }
            pools.append(WeakPool(core: pool))
        }
    }

    func add(_ thread: SerialThreadCore) {
        threads.withLock { threads in
            threads.removeAll { $0.core == nil }
            threads.append(WeakThread(core: thread))
        }
    }

    /// The scopes that still exist, oldest first.
    var scopes: [ScopeCore] {
        var seen: Set<ObjectIdentifier> = []
        var scopes: [ScopeCore] = []
        for case let node as ScopeNode in node.children.reversed() {
            guard let scope = node.scope, seen.insert(ObjectIdentifier(scope)).inserted else { continue }
            scopes.append(scope)
        }
        return scopes
    }

    var liveThreads: [SerialThreadCore] { threads.withLock { $0.compactMap(\.core) } }

    var livePools: [PoolCore] { pools.withLock { $0.compactMap(\.core) } }
}

/// A scope's place in the stop tree. A scope whose close was called off has an old one, stopped, and a new one.
final class ScopeNode: StopNode, @unchecked Sendable {  // proof: adds a `let`
    weak let scope: ScopeCore?

    init(scope: ScopeCore, root: WorkRoot) {
        self.scope = scope
        super.init(parent: root.node)
    }
}
