import Synchronization

/// Says whether the callbacks of a scope may still begin, and knows when the last running one is over.
///
/// The high bit of `state` is "cut", the rest counts callbacks under way. Entering counts first and looks second, so
/// whoever cuts and then sees zero knows that nothing runs and nothing will begin.
package final class DeliveryGate: Sendable {
    private static let cutBit: UInt64 = 1 << 63

    private let state = Atomic<UInt64>(0)
    private let idle = OneShot<Void>()
    private let signals = Locked<[ObjectIdentifier: WakeSignal]>([:])

    package var isCut: Bool { state.load(ordering: .acquiring) & Self.cutBit != 0 }

    /// Runs `body` unless delivery was cut; false when it was.
    @discardableResult
    package func pass(_ body: () -> Void) -> Bool {
        let before = state.wrappingAdd(1, ordering: .acquiringAndReleasing).oldValue
        let isOpen = before & Self.cutBit == 0
        if isOpen { body() }
        let after = state.wrappingSubtract(1, ordering: .acquiringAndReleasing).newValue
        if after == Self.cutBit { idle.resolve(()) }
        return isOpen
    }

    /// From now on nothing begins.
    func cut() {
        let before = state.bitwiseOr(Self.cutBit, ordering: .acquiringAndReleasing).oldValue
        if before & ~Self.cutBit == 0 { idle.resolve(()) }
        for signal in signals.withLock({ $0 }).values { signal.wake() }
    }

    /// Wakes `signal` when delivery is cut; at once when it is.
    package func onCut(_ signal: WakeSignal) {
        signals.withLock { $0[ObjectIdentifier(signal)] = signal }
        if isCut { signal.wake() }
    }

    package func forget(_ signal: WakeSignal) {
        signals.withLock { $0[ObjectIdentifier(signal)] = nil }
    }

    /// True once delivery is cut and no callback runs any more.
    var isIdle: Bool { idle.valueIfResolved != nil }

    /// How many wait for that.
    var waiterCount: Int { idle.waiterCount }

    /// Calls `action` once delivery is cut and no callback runs any more; at once when that is so.
    func whenIdle(_ action: @escaping @Sendable () -> Void) {
        idle.whenResolved { _ in action() }
    }

    /// Returns once delivery is cut and no callback runs any more.
    func waitUntilIdle() async {
        await idle.value
    }
}
