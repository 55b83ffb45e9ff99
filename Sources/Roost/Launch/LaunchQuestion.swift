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
    /// What it means that nobody is there to be asked: a program that fails ends, and one that may crash again starts in safe mode, so
    /// that a service is not out of order until somebody comes. Once that has worked, its next start is a normal one again.
    public let unattendedAnswer: LaunchAnswer

    /// Creates a question; a launch makes its own, this is for the tests of a presenter.
    ///
    /// - Parameters:
    ///   - program: The program's name.
    ///   - cause: Why it asks.
    ///   - answers: What can be answered, the most sensible first.
    ///   - unattendedAnswer: What it means that nobody is there; nil for *Quit* after a stage that failed, *Safe mode* after crashed starts.
    public init(program: String, cause: Cause, answers: [LaunchAnswer], unattendedAnswer: LaunchAnswer? = nil) {
        self.program = program
        self.cause = cause
        self.answers = answers
        let usual: LaunchAnswer =
            switch cause {
            case .stageFailed: .quit
            case .crashedStarts: .safeMode
            }
        self.unattendedAnswer = unattendedAnswer ?? usual
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
