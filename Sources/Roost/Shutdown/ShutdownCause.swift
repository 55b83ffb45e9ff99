/// What began a shutdown. The first cause stays.
public enum ShutdownCause: Sendable, Hashable {
    /// The process was sent this signal.
    case signal(Int32)
    /// The program's main body returned.
    case endOfMain
    /// The last window closed.
    case lastWindow
    /// Code asked, and said why.
    case requested(String)

    /// What the workers are told.
    var stopReason: StopReason {
        switch self {
        case .signal(let number): .signal(number)
        case .endOfMain, .lastWindow: .programEnded
        case .requested(let why): .requested(why)
        }
    }
}

extension ShutdownCause: CustomStringConvertible {
    public var description: String {
        switch self {
        case .signal(let number): signalName(number)
        case .endOfMain: "end of main"
        case .lastWindow: "last window closed"
        case .requested(let why): why
        }
    }
}

/// Where a shutdown is.
public enum ShutdownPhase: String, Sendable, Codable {
    /// Nobody asked.
    case running
    /// New work is refused, workers were asked to stop and have their grace.
    case stopping
    /// Finalizers run.
    case finalizing
    /// The report is written.
    case reporting
}

/// What a program can show while it ends.
public enum ShutdownEvent: Sendable {
    /// It began, for this cause, and will be over within the budget.
    case began(ShutdownCause, budget: Duration)
    /// Workers that have not ended yet, and what else is waited for, in words (plain closures, threads of one's own, or the
    /// main body when it is the only one); sent at the beginning and then every 100 ms until all have ended. Either list may be empty.
    case waiting(for: [WorkerInfo], others: [String], timeLeft: Duration)
    /// The grace is over; these were abandoned.
    case abandoned([Straggler])
    /// This finalizer runs.
    case finalizing(String)
    /// The report is ready; the process ends next.
    case ended(ShutdownReport)
}
