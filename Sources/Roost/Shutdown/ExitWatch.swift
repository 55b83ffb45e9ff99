import CRoostPlatform

/// Looks after a process that exits in order: destructors and exit handlers of libraries run now, and one of them may wait for a thread that
/// never ends. The process is over within its budget all the same, and says who hung and for whom.
struct ExitWatch: Sendable {
    let source: any StackSource
    /// The one that exits.
    let thread: Int32
    let deadline: MonotonicTime
    /// Prepares what is said at the end, with what was found.
    let prepare: @Sendable (ThreadHold) -> Void

    /// The most of the time left that looking for the culprit takes.
    private static let lead = Duration.milliseconds(500)
    private static let saying = Duration.milliseconds(20)

    /// Returns at once. Without a thread to be had there is still the backstop, which names nobody.
    func start() {
        _ = PlatformThread.start(name: "roost-exit", options: .init(stackSize: 256 * 1024)) { run() }
    }

    private func run() {
        let parker = Parker()
        let begun = MonotonicTime.now
        let timeLeft = max(.zero, deadline - begun)
        let lead = min(Self.lead, timeLeft / 2)
        // Each stands still while the process is stopped.
        var look = BudgetDeadline(begun + (timeLeft - lead), since: begun)
        var end = BudgetDeadline(deadline, since: begun)
        while !look.isOver(at: .now) {
            parker.park(oneStepOf: look)
            _ = end.isOver(at: .now)
        }
        // Within half of it, so that a slow answer is still one.
        let inquiry = StackInquiry { [source, thread] in source.hold(of: thread, within: lead / 2) }
        let patience = max(.zero, end.time - .now) - Self.saying
        if let hold = inquiry.answer(until: .now + patience) { prepare(hold) }
        while !end.isOver(at: .now) { parker.park(oneStepOf: end) }
        roost_end_now(ProcessOutcome.pastBudgetStatus)
    }
}
