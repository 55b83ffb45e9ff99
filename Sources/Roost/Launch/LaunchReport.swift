/// How a stage of a start went.
public enum LaunchStageOutcome: Sendable, Hashable {
    /// Its body returned within its limit.
    case done
    /// Its body returned, but later than it should.
    case late
    /// The start went on without it, for this reason.
    case skipped(String)
    /// It is required and failed, for this reason.
    case failed(String)
    /// The process was asked to end, for this reason, while the stage was open.
    case stopped(String)
    /// The start ended before it.
    case notReached

    /// One word for lists and files: `done`, `late`, `skipped`, `failed`, `stopped` or `not reached`.
    public var kind: String {
        switch self {
        case .done: "done"
        case .late: "late"
        case .skipped: "skipped"
        case .failed: "failed"
        case .stopped: "stopped"
        case .notReached: "not reached"
        }
    }

    /// Why; nil for those that need no reason.
    public var reason: String? {
        switch self {
        case .skipped(let reason), .failed(let reason), .stopped(let reason): reason
        case .done, .late, .notReached: nil
        }
    }
}

/// How the start of a program went, stage by stage.
public struct LaunchReport: Sendable, Hashable {
    /// How a start ended.
    public enum Outcome: String, Sendable, Hashable {
        /// The program runs, in normal mode.
        case launched
        /// The program runs, in safe mode.
        case safeMode = "safe mode"
        /// Somebody quit; what was done is undone.
        case quit
        /// The process was asked to end meanwhile; its finalizers undo what was done.
        case stopped

        /// True when the program runs.
        public var isLaunched: Bool { self == .launched || self == .safeMode }

        /// The exit status of a program that ends with its start: 75 for one that quit (`EX_TEMPFAIL` of sysexits: another
        /// try may succeed, and a supervisor can tell it from a program that failed at its work), else 0. (A process that
        /// was asked to end by a signal ends by that.)
        public var exitStatus: Int32 { self == .quit ? 75 : 0 }
    }

    /// How the undo of a stage went.
    public enum Undo: Sendable, Hashable {
        /// It was undone.
        case done
        /// Its undo threw, or did not keep the stage's limit.
        case failed(String)
        /// The process was asked to end: a finalizer undoes it.
        case leftToShutdown
    }

    /// One stage.
    public struct Stage: Sendable, Hashable {
        /// Its name.
        public let name: String
        /// What its failure means.
        public let importance: LaunchStage.Importance
        /// Where its body runs.
        public let place: LaunchStage.Place
        /// How long its body may take.
        public let limit: Duration
        /// When its body was called, from the beginning of the start; the last time, of several. Nil when it never was.
        public internal(set) var began: Duration?
        /// When it was over; nil when it never began.
        public internal(set) var ended: Duration?
        /// How it went, the last time.
        public internal(set) var outcome = LaunchStageOutcome.notReached
        /// How often its body was called.
        public internal(set) var attempts = 0
        /// How its undo went, the last time; nil when it was not called.
        public internal(set) var undo: Undo?

        /// How long it took; nil when it never began.
        public var duration: Duration? {
            guard let began, let ended else { return nil }
            return ended - began
        }
    }

    /// The program's name.
    public let program: String
    /// The mode that it was in last.
    public internal(set) var mode: LaunchMode
    /// How the start ended.
    public internal(set) var outcome = Outcome.stopped
    /// From its beginning to its end, with the time that somebody took to answer.
    public internal(set) var total = Duration.zero
    /// The stages in their order.
    public internal(set) var stages: [Stage]
    /// What was said to whoever looked on, in order.
    public internal(set) var notices: [String] = []

    /// True when the program runs in normal mode and each stage was done within its limit.
    public var isClean: Bool { outcome == .launched && stages.allSatisfy { $0.outcome == .done } }
}

extension LaunchReport: CustomStringConvertible {
    /// For people: one line when all went well, else a line for each stage that was not simply done.
    public var description: String {
        let what =
            switch outcome {
            case .launched: "started"
            case .safeMode: "started in safe mode"
            case .quit: "did not start"
            case .stopped: "was stopped while it started,"
            }
        var lines = ["\(PrintableText.short(program, limit: 200)) \(what) in \(total.short)"]
        for stage in stages where stage.outcome != .done || stage.attempts > 1 || stage.undo != nil {
            lines.append("  \(stage)")
        }
        return lines.joined(separator: "\n")
    }
}

extension LaunchReport.Stage: CustomStringConvertible {
    public var description: String {
        var text = "'\(PrintableText.short(name, limit: 200))' \(outcome.kind)"
        if let duration { text += " after \(duration.short)" }
        if outcome == .late { text += " (\(limit.short) were allowed)" }
        if attempts > 1 { text += ", attempt \(attempts)" }
        if let reason = outcome.reason { text += ": \(PrintableText.short(reason, limit: 600))" }
        switch undo {
        case .done: text += "; undone"
        case .failed(let reason): text += "; not undone: \(PrintableText.short(reason, limit: 600))"
        case .leftToShutdown: text += "; undone by a finalizer"
        case nil: break
        }
        return text
    }
}
