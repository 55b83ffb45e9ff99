/// What a start has to ask somebody, before it can go on.
public struct LaunchQuestion: Sendable, Hashable {
    /// Why it asks.
    public enum Cause: Sendable, Hashable {
        /// This required stage failed, for this reason.
        case stageFailed(String, reason: String)
        /// So many starts in a row have crashed.
        case crashedStarts(Int)
    }

    /// The program's name.
    public let program: String
    /// Why it asks.
    public let cause: Cause
    /// What can be answered, the most sensible first.
    public let answers: [LaunchAnswer]

    /// Creates a question; a launch makes its own, this is for the tests of a presenter.
    public init(program: String, cause: Cause, answers: [LaunchAnswer]) {
        self.program = program
        self.cause = cause
        self.answers = answers
    }

    /// One line: what is the matter.
    public var title: String {
        switch cause {
        case .stageFailed: "\(PrintableText.short(program, limit: 80)) cannot start"
        case .crashedStarts: "\(PrintableText.short(program, limit: 80)) crashed while it was starting"
        }
    }

    /// A sentence or two: the reason.
    public var text: String {
        switch cause {
        case .stageFailed(let stage, let reason):
            "'\(PrintableText.short(stage, limit: 80))' failed: \(PrintableText.short(reason, limit: 600))"
        case .crashedStarts(let count):
            "The last \(count) starts crashed. Safe mode starts only what the program cannot do without."
        }
    }
}

/// What somebody can answer to a ``LaunchQuestion``.
public enum LaunchAnswer: String, Sendable, Hashable, CaseIterable {
    /// Run the stage that failed once more.
    case tryAgain = "Try again"
    /// Undo what was done, and begin again in safe mode.
    case safeMode = "Safe mode"
    /// Start with all stages, whatever happened before.
    case startNormally = "Start normally"
    /// Undo what was done, and end the program.
    case quit = "Quit"
}
