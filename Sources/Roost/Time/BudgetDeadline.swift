/// A deadline that stands still while the process itself is stopped (SIGSTOP).
///
/// Whoever waits for it looks at it in steps of at most ``step``: a step that took far longer was no busy machine, and what
/// was lost is added.
struct BudgetDeadline {
    static let step = Duration.milliseconds(50)
    private static let frozen = Duration.milliseconds(500)

    private(set) var time: MonotonicTime
    private var seenAt: MonotonicTime

    /// `since`: when it was last certain that the process ran; not later than now.
    init(_ time: MonotonicTime, since: MonotonicTime) {
        self.time = time
        seenAt = since
    }

    /// True once it has passed.
    mutating func isOver(at now: MonotonicTime) -> Bool {
        let passed = now - seenAt
        seenAt = now
        if passed > Self.frozen { time = time + (passed - Self.step) }
        return now >= time
    }
}

extension Parker {
    /// Waits until it is woken, or for one step of the deadline; true when woken.
    @discardableResult
    func park(oneStepOf deadline: BudgetDeadline, until next: MonotonicTime? = nil) -> Bool {
        park(until: min(next ?? deadline.time, deadline.time, .now + BudgetDeadline.step))
    }
}
