/// The read side of a stop request: ask it, wait with it, or be called back by it.
///
/// Copies refer to the same request. A token never asks for a stop; that is ``StopSource``'s side.
public struct StopToken: Sendable {
    @usableFromInline let node: StopNode
    /// Keeps the place in the tree for as long as somebody can look at it.
    let keeper: AnyObject & Sendable

    init(node: StopNode, keeper: AnyObject & Sendable) {
        self.node = node
        self.keeper = keeper
    }

    /// True once a stop was asked for: one relaxed load, free in a hot loop.
    @inlinable public var isStopped: Bool { node.isStopped }

    /// Why, once a stop was asked for; nil before.
    public var reason: StopReason? { node.reason }

    /// Throws ``StopError`` once a stop was asked for.
    @inlinable public func check() throws {
        if node.isStopped { throw stopError() }
    }

    @usableFromInline func stopError() -> StopError {
        // Bit and reason are set under one lock, so a set bit has a reason once that lock was taken (invariant 1).
        StopError(node.reason ?? .requested(""))
    }

    /// Runs `action` once when a stop is asked for, on the thread that asks; at once, on this thread, when it was
    /// asked for before. It must not block: everybody else's callbacks wait behind it.
    @discardableResult
    public func onStop(_ action: @escaping @Sendable (StopReason) -> Void) -> StopRegistration {
        let registration = StopRegistration(node: node, action: action)
        if let reason = node.add(registration) { registration.fire(reason) }
        return registration
    }
}
