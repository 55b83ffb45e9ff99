/// Where time comes from: the system, or a clock that a test moves by hand.
///
/// Everything in Roost that waits asks a time source, so a test can drive deadlines, budgets and sleeps without waiting.
public protocol TimeSource: AnyObject, Sendable {
    /// The present on this source's own scale.
    var now: MonotonicTime { get }

    /// Calls `action` once, when `delay` has passed, on a thread of the source; never on the caller's stack.
    /// `action` must not block.
    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration

    /// The same for a budget: on a thread that runs nothing but budgets, and paused while the process is stopped
    /// (SIGSTOP). The default is ``schedule(after:_:)``.
    func scheduleBudget(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration
}

extension TimeSource {
    public func scheduleBudget(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration {
        schedule(after: delay, action)
    }
}

/// A timer that can be taken back.
public final class TimerRegistration: Sendable {
    private let action: Locked<(@Sendable () -> Void)?>

    /// Creates a registration whose ``cancel()`` calls `cancel` once.
    public init(cancel: @escaping @Sendable () -> Void) {
        action = Locked(cancel)
    }

    /// Takes the timer back if it has not fired. A firing under way on another thread is not waited for.
    public func cancel() {
        let action = action.withLock { stored -> (@Sendable () -> Void)? in
            defer { stored = nil }
            return stored
        }
        action?()
    }
}
