import Synchronization

// The stop tree.
//
// Invariants
// 1. `flags` bit 0 is set exactly when `reason` is set; both only ever go from unset to set, under `lock`.
// 2. A node in its parent's list is retained by that list; it holds its parent strongly. `detach` breaks the circle:
//    a worker is detached when it ends, a source's node when the last handle of it is gone. A callback and its node hold
//    each other; `retire` breaks that circle, at the same moments.
// 3. The list links of a node are guarded by its parent's lock.
// 4. Lock order: a parent's lock may be held while nothing else is; no two node locks are ever held at once.
// 5. Callbacks and hooks run with no lock held.

/// One place in the stop tree: a flag, a reason, callbacks and children.
@usableFromInline
class StopNode: @unchecked Sendable {  // proof: every `var` is guarded by `lock` or by the parent's (invariant 3)
    @usableFromInline static let stoppedFlag: UInt8 = 1
    @usableFromInline static let pauseFlag: UInt8 = 2
    @usableFromInline static let endedFlag: UInt8 = 4

    /// Bit 0: stopped. Bit 1: a pause is asked for. Bit 2: the worker has its ending. Read relaxed in hot loops.
    @usableFromInline final let flags = Atomic<UInt8>(0)
    /// Set by `init`, and taken only at the end of this node, when nobody else sees it.
    private(set) final var parent: StopNode?
    private final let lock = FutexLock()
    private final var storedReason: StopReason?
    private final var callbacks: [StopRegistration] = []
    // proof: the list holds its nodes (invariant 2), and its links are guarded (invariant 3).
    private final var firstChild: Unmanaged<StopNode>?
    private final var previousSibling: Unmanaged<StopNode>?  // proof: as above
    private final var nextSibling: Unmanaged<StopNode>?  // proof: as above
    private final var isAttached = false
    private final var isRetired = false

    /// Creates a node; ``attach()`` puts it into the tree.
    init(parent: StopNode?) {
        self.parent = parent
    }

    deinit {
        // One after the other, however deep: each that only its child held would else be let go inside the end of that one.
        // Not beyond a worker: others may come to it by a weak reference, and above it are only its scope and the root.
        var above = takeParent()
        while isKnownUniquelyReferenced(&above), !(above is WorkerCore) { above = above?.takeParent() }
    }

    private final func takeParent() -> StopNode? {
        defer { parent = nil }
        return parent
    }

    @inlinable final var isStopped: Bool { flags.load(ordering: .relaxed) & StopNode.stoppedFlag != 0 }

    /// True as soon as this node or one above it is stopped: a stop marks from the top down, and may not be here yet.
    final var isStoppedFromAbove: Bool {
        // Without counting the nodes up and down: every worker would do that to the same few.
        // proof: this node holds the one above it, and so on up, and none of them changes its parent while it lives.
        var node = Unmanaged.passUnretained(self)
        while true {
            let (isStopped, above) = node._withUnsafeGuaranteedRef { node in
                // proof: as above.
                (node.isStopped, node.parent.map { Unmanaged.passUnretained($0) })
            }
            if isStopped { return true }
            guard let above else { return false }
            node = above
        }
    }

    final var reason: StopReason? { lock.withLock { storedReason } }
    /// How many are to be told when it is stopped.
    final var callbackCount: Int { lock.withLock { callbacks.count } }

    /// Puts the node below its parent. When the parent is stopped already, the node is stopped before this returns.
    final func attach() {
        guard let parent else { return }
        let above: StopReason? = parent.lock.withLock {
            if let reason = parent.storedReason { return reason }
            isAttached = true
            nextSibling = parent.firstChild
            // proof: the list holds its nodes (invariant 2), and this is under the parent's lock (invariant 3).
            parent.firstChild?.takeUnretainedValue().previousSibling = Unmanaged.passUnretained(self)
            parent.firstChild = Unmanaged.passRetained(self)  // proof: released by `detach`
            return nil
        }
        if let above { stop(above.forChild) }
    }

    /// Takes the node out of its parent's list; a later stop of the parent no longer reaches it.
    final func detach() {
        guard let parent else { return }
        let wasAttached = parent.lock.withLock {
            guard isAttached else { return false }
            isAttached = false
            if let previousSibling {
                previousSibling.takeUnretainedValue().nextSibling = nextSibling
            } else {
                parent.firstChild = nextSibling
            }
            nextSibling?.takeUnretainedValue().previousSibling = previousSibling
            previousSibling = nil
            nextSibling = nil
            return true
        }
        // proof: what `attach` retained.
        if wasAttached { Unmanaged.passUnretained(self).release() }
    }

    final var hasChildren: Bool { lock.withLock { firstChild != nil } }

    /// The children at this moment, newest first.
    final var children: [StopNode] {
        lock.withLock { lockedChildren() }
    }

    /// Newest first.
    private final func lockedChildren() -> [StopNode] {
        var children: [StopNode] = []
        var next = firstChild
        while let child = next?.takeUnretainedValue() {
            children.append(child)
            next = child.nextSibling
        }
        return children
    }

    /// Stops this node and everything below it; false when it was stopped before (the first reason stays).
    ///
    /// All flags are set before the first hook or callback runs, so a slow callback delays nobody's stop.
    @discardableResult
    final func stop(_ reason: StopReason) -> Bool {
        guard let own = mark(reason) else { return false }
        var marked: [Marked] = [own]
        var next = 0
        while next < marked.count {
            // Oldest first: those that run have been there longer than those that wait, and have something to stop.
            for child in marked[next].children.reversed() {
                if let below = child.mark(marked[next].reason.forChild) { marked.append(below) }
            }
            marked[next].children = []
            next += 1
        }
        // Hooks are Roost's own and short; only then the callbacks, which are anybody's.
        for node in marked { node.node.didStop(node.reason) }
        for node in marked {
            for callback in node.callbacks { callback.fire(node.reason) }
        }
        return true
    }

    private struct Marked {
        let node: StopNode
        let reason: StopReason
        let callbacks: [StopRegistration]
        var children: [StopNode]
    }

    private final func mark(_ reason: StopReason) -> Marked? {
        lock.withLock {
            guard storedReason == nil else { return nil }
            storedReason = reason
            flags.bitwiseOr(Self.stoppedFlag, ordering: .releasing)
            let fired = callbacks
            callbacks = []
            return Marked(node: self, reason: reason, callbacks: fired, children: lockedChildren())
        }
    }

    /// What a subclass does when it is stopped. Called once, without a lock, on the thread that asked.
    func didStop(_ reason: StopReason) {}

    /// Adds a callback; the reason when the node is stopped already (the callback is then not kept).
    final func add(_ registration: StopRegistration) -> StopReason? {
        let (reason, isTooLate) = lock.withLock { () -> (StopReason?, Bool) in
            if let storedReason { return (storedReason, false) }
            if isRetired { return (nil, true) }
            callbacks.append(registration)
            return (nil, false)
        }
        if isTooLate { registration.drop() }
        return reason
    }

    /// Nobody will stop this node any more: lets go of callbacks, whose registrations hold the node in turn.
    final func retire() {
        let dropped = lock.withLock {
            isRetired = true
            defer { callbacks = [] }
            return callbacks
        }
        for registration in dropped { registration.drop() }
    }

    final func remove(_ registration: StopRegistration) {
        lock.withLock {
            // Nearly always the newest: waits register and unregister in pairs.
            if let index = callbacks.lastIndex(where: { $0 === registration }) { callbacks.remove(at: index) }
        }
    }
}
