import Roost

/// A time source that stands still until a test moves it: deadlines, budgets and sleeps without waiting.
///
/// ```swift
/// let clock = ManualClock()
/// let scope = WorkerScope("window", time: clock)
/// …
/// await clock.waitForSleepers(1)   // the code under test waits now
/// clock.advance(by: .seconds(2))   // and goes on
/// ```
public final class ManualClock: TimeSource {
    private struct Timer {
        let id: UInt64
        let deadline: MonotonicTime
        let action: @Sendable () -> Void
    }

    private struct State {
        var now = MonotonicTime(nanoseconds: 0)
        /// Sorted by deadline, equals in the order they were set.
        var timers: [Timer] = []
        var lastID: UInt64 = 0
    }

    private let state = Locked(State())
    private let waiters = CountWaiters()

    /// Creates a clock that stands at zero.
    public init() {}

    public var now: MonotonicTime { state.withLock { $0.now } }

    /// How many timers wait.
    public var pending: Int { state.withLock { $0.timers.count } }

    /// How long until the next timer fires; nil when none waits.
    public var nextTimer: Duration? {
        state.withLock { state in state.timers.first.map { $0.deadline - state.now } }
    }

    /// Never calls `action` by itself: also one that is due at once waits for the next ``advance(by:)``.
    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration {
        let (id, count) = state.withLock { state in
            state.lastID += 1
            let deadline = state.now + max(.zero, delay)
            let place = state.timers.firstIndex { $0.deadline > deadline } ?? state.timers.count
            state.timers.insert(Timer(id: state.lastID, deadline: deadline, action: action), at: place)
            return (state.lastID, state.timers.count)
        }
        waiters.reached(count)
        return TimerRegistration { [weak self] in self?.cancel(id) }
    }

    private func cancel(_ id: UInt64) {
        let timer = state.withLock { state in
            state.timers.firstIndex { $0.id == id }.map { state.timers.remove(at: $0) }
        }
        // What its action captured is let go here, after the lock is.
        withExtendedLifetime(timer) {}
    }

    /// Moves the clock and calls, on this thread, every timer that becomes due, in order; the clock shows each one's own
    /// time while it runs. Timers that these set are called, too, when they become due within `duration`.
    public func advance(by duration: Duration) {
        let end = state.withLock { $0.now + max(.zero, duration) }
        while true {
            let timer = state.withLock { state -> Timer? in
                guard let first = state.timers.first, first.deadline <= end else {
                    state.now = max(state.now, end)
                    return nil
                }
                state.now = max(state.now, first.deadline)
                return state.timers.removeFirst()
            }
            guard let timer else { return }
            timer.action()
        }
    }

    /// Returns once at least `count` timers wait: whatever the test started has come to its sleep. Returns early when the
    /// task is cancelled.
    public func waitForSleepers(_ count: Int) async {
        await waiters.wait(for: count) { pending }
    }
}
