import CRoostPlatform
import Synchronization

/// A callback that waits for a stop. It fires at most once; ``remove()`` takes it back.
///
/// Dropping the registration does not remove the callback.
// proof: `action` is taken once, by whoever moves `state` on.
public final class StopRegistration: @unchecked Sendable {
    private enum State { static let waiting: UInt8 = 0, firing: UInt8 = 1, done: UInt8 = 2 }

    private let state = Atomic<UInt8>(State.waiting)
    private let firingThread = Atomic<Int32>(0)
    private var action: (@Sendable (StopReason) -> Void)?
    /// Called instead when the node goes without ever having been stopped.
    private var dropped: (@Sendable () -> Void)?
    private let node: StopNode
    private let removers = Locked<[Parker]>([])

    init(
        node: StopNode, action: @escaping @Sendable (StopReason) -> Void, dropped: (@Sendable () -> Void)? = nil
    ) {
        self.node = node
        self.action = action
        self.dropped = dropped
    }

    func fire(_ reason: StopReason) {
        firingThread.store(roost_thread_id(), ordering: .relaxed)
        guard
            state.compareExchange(
                expected: State.waiting, desired: State.firing, ordering: .acquiringAndReleasing
            ).exchanged
        else { return }
        action?(reason)
        action = nil
        dropped = nil
        let waiting = removers.withLock { parkers in
            state.store(State.done, ordering: .releasing)
            defer { parkers = [] }
            return parkers
        }
        for parker in waiting { parker.unpark() }
    }

    /// The node is gone and never fired: lets go of what the callback captured.
    func drop() {
        guard
            state.compareExchange(
                expected: State.waiting, desired: State.done, ordering: .acquiringAndReleasing
            ).exchanged
        else { return }
        action = nil
        dropped?()
        dropped = nil
    }

    /// How many wait in ``remove()`` for the callback to return.
    var removerCount: Int { removers.withLock { $0.count } }

    /// Takes the callback back. When this returns it has run to its end or never will.
    ///
    /// A callback that is running on another thread at this moment is waited for; called from within the callback
    /// itself this returns at once. Calling it twice does nothing.
    public func remove() {
        if state.compareExchange(
            expected: State.waiting, desired: State.done, ordering: .acquiringAndReleasing
        ).exchanged {
            node.remove(self)
            action = nil
            dropped = nil
            return
        }
        guard firingThread.load(ordering: .relaxed) != roost_thread_id() else { return }
        let parker = Parker()
        let mustWait = removers.withLock { parkers in
            guard state.load(ordering: .acquiring) == State.firing else { return false }
            parkers.append(parker)
            return true
        }
        if mustWait { parker.park() }
    }
}
