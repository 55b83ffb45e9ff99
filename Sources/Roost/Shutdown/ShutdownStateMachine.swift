/// The end of a process as events and answers. Does no I/O, takes no lock, gets the time passed in.
///
/// ```
/// running ──request──▶ stopping ──all ended, or grace over──▶ finalizing ──done, or limit──▶ reporting
/// ```
struct ShutdownStateMachine {
    private(set) var phase = ShutdownPhase.running
    private(set) var cause: ShutdownCause?
    private(set) var budget: ShutdownBudget?
    private(set) var askedAt: MonotonicTime?
    private(set) var isPastBudget = false

    /// True for the request that begins the end; the first cause stays.
    mutating func request(_ cause: ShutdownCause, budget: ShutdownBudget, now: MonotonicTime) -> Bool {
        guard phase == .running else { return false }
        phase = .stopping
        self.cause = cause
        self.budget = budget
        askedAt = now
        return true
    }

    var graceDeadline: MonotonicTime? {
        guard let askedAt, let budget else { return nil }
        return askedAt + budget.grace
    }

    /// Finalizers have their own share of the budget, also when the grace was not used up. Those that were added after the
    /// request, which knew of none, have what the grace left.
    mutating func beginFinalizing(stragglers: Int, now: MonotonicTime) -> MonotonicTime {
        precondition(phase == .stopping, "Roost: beginFinalizing in phase \(phase)")
        phase = .finalizing
        if stragglers > 0 { isPastBudget = true }
        guard let budget, let askedAt, budget.finalizers == .zero else { return now + (budget?.finalizers ?? .zero) }
        return max(now, askedAt + budget.grace)
    }

    /// A finalizer hangs: its thread still runs at the end, as a late worker's does.
    mutating func abandonedFinalizer() {
        precondition(phase == .finalizing, "Roost: abandonedFinalizer in phase \(phase)")
        isPastBudget = true
    }

    mutating func beginReporting() {
        precondition(phase == .finalizing, "Roost: beginReporting in phase \(phase)")
        phase = .reporting
    }

    /// What the process's parent is told: 70 past the budget, else the signal that asked, else the program's own status.
    func outcome(programStatus: Int32) -> ProcessOutcome {
        if isPastBudget { return .exited(ProcessOutcome.pastBudgetStatus) }
        if case .signal(let number) = cause { return .signalled(number) }
        return .exited(programStatus)
    }
}

/// How a process ended, as its parent sees it.
public enum ProcessOutcome: Sendable, Hashable {
    /// It exited with this status.
    case exited(Int32)
    /// It was ended by this signal.
    case signalled(Int32)

    /// The status of a process that could not stop everything within its budget: `EX_SOFTWARE` of sysexits.
    public static let pastBudgetStatus: Int32 = 70
}
