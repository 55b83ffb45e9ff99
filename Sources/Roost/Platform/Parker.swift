import CRoostPlatform
import Synchronization

/// Where one thread waits until another one wakes it; a wake before the wait is kept.
package final class Parker: Sendable {
    private let word = Atomic<UInt32>(0)

    package init() {}

    /// Waits until ``unpark()`` was called since the last return, or until `deadline` on the monotonic clock.
    /// Returns false when the deadline passed first.
    @discardableResult
    package func park(until deadline: MonotonicTime? = nil) -> Bool {
        while true {
            if word.exchange(0, ordering: .acquiring) == 1 { return true }
            var timeout: Int64 = -1
            if let deadline {
                timeout = (deadline - .now).clampedNanoseconds
                if timeout <= 0 { return false }
            }
            // An atomic is never moved while it is borrowed: its address is the futex's identity.
            withUnsafePointer(to: word) { _ = roost_futex_wait($0, 0, timeout) }
        }
    }

    package func unpark() {
        if word.exchange(1, ordering: .releasing) == 0 {
            withUnsafePointer(to: word) { roost_futex_wake($0, 1) }
        }
    }
}
