/// The write side of a stop request, a place in a tree: stopping it stops everything below.
///
/// The first reason wins. Dropping a source asks nobody to stop; tokens of it still hear of a stop from above.
public struct StopSource: Sendable {
    private let keeper: StopSourceKeeper

    /// Creates a source below `parent`, or the root of a tree of its own. Below a stopped parent it starts stopped.
    public init(parent: StopToken? = nil) {
        keeper = StopSourceKeeper(parent: parent)
    }

    /// Creates a source that is stopped with ``StopReason/deadline`` once `timeout` has passed on `time`.
    public init(parent: StopToken? = nil, timeout: Duration, time: any TimeSource = SystemTime.shared) {
        keeper = StopSourceKeeper(parent: parent)
        let node = keeper.node
        let timer = time.schedule(after: timeout) { [weak node] in node?.stop(.deadline) }
        keeper.timer.withLock { $0 = timer }
    }

    /// The read side.
    public var token: StopToken { StopToken(node: keeper.node, keeper: keeper) }

    /// Asks everything at and below this source to stop; false when it was asked before (the first reason stays).
    @discardableResult
    public func stop(_ reason: StopReason = .requested("")) -> Bool {
        keeper.node.stop(reason)
    }
}

/// Lives as long as a source or a token of it; takes the node out of the tree at the end.
private final class StopSourceKeeper: Sendable {
    let node: StopNode
    let timer = Locked<TimerRegistration?>(nil)
    private let parent: Locked<StopToken?>

    init(parent: StopToken?) {
        self.parent = Locked(parent)
        node = StopNode(parent: parent?.node)
        node.attach()
    }

    deinit {
        timer.withLock { $0 }?.cancel()
        node.detach()
        node.retire()
        // One after the other, however deep: each that only its child held would else be let go inside the end of that one.
        var above = takeParent()
        while isKnownUniquelyReferenced(&above) { above = above?.takeParent() }
    }

    private func takeParent() -> StopSourceKeeper? {
        let token = parent.withLock { parent in
            defer { parent = nil }
            return parent
        }
        return token?.keeper as? StopSourceKeeper
    }
}
