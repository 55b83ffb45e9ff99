import CRoostPlatform
import Synchronization

/// Where one thread waits until another one wakes it; a wake before the wait is kept.
final class Parker: Sendable {
    private let word = Atomic<UInt32>(0)

    /// Waits until ``unpark()`` was called since the last return, or until `deadline` on the monotonic clock.
    /// Returns false when the deadline passed first.
    @discardableResult
    func park(until deadline: MonotonicTime? = nil) -> Bool {
        while true {
            if word.exchange(0, ordering: .acquiring) == 1 { return true }
            var timeout: Int64 = -1
            if let deadline {
                timeout = deadline.nanoseconds - MonotonicTime.now.nanoseconds
                if timeout <= 0 { return false }
            }
            // An atomic is never moved while it is borrowed: its address is the futex's identity.
            withUnsafePointer(to: word) { _ = roost_futex_wait($0, 0, timeout) }
        }
    }

    /// Waits like ``park(until:)`` in steps of at most 50 ms, for a budget: when the process itself was stopped meanwhile
    /// (SIGSTOP), `deadline` is moved by what was lost. Returns after each step; true when woken.
    func park(until next: MonotonicTime? = nil, budget deadline: inout MonotonicTime) -> Bool {
        let step = Duration.milliseconds(50)
        // Later than this is not a busy machine but a stopped process.
        let frozen = Duration.milliseconds(500)
        let before = MonotonicTime.now
        let isWoken = park(until: min(next ?? deadline, deadline, before + step))
        let passed = MonotonicTime.now - before
        if passed > frozen { deadline = deadline + (passed - step) }
        return isWoken
    }

    func unpark() {
        if word.exchange(1, ordering: .releasing) == 0 {
            withUnsafePointer(to: word) { roost_futex_wake($0, 1) }
        }
    }
}
