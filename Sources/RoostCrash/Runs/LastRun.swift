public import RoostCrashReport

/// How the run before this one ended, and what it was doing.
///
/// A value; ``description`` is for people, ``summary`` for one calm line in a window.
public struct LastRun: Sendable, Hashable {
    /// The program's name.
    public var program: String
    /// Its version, as it called it.
    public var version: String
    /// The process's id.
    public var process: Int32
    /// When it began, in nanoseconds since 1970.
    public var began: Int64
    /// How it ended.
    public var ending: RunEnding
    /// The stage of the start that was open; nil when the start was over, or between two stages.
    public var stage: String?
    /// True when all stages of its start were done.
    public var hasLaunched: Bool
    /// The workers that ran.
    public var workers: [RunActivity]
    /// The worker on the thread that crashed.
    public var crashedWorker: RunActivity?
    /// The last lines that it noted.
    public var lines: [String]
    /// The crash, if it was one: of the threads addresses alone, until ``CrashCapture/settle()`` has found the names.
    public var crash: CrashReport?
    /// A second crash, of another thread while the first was written down, or within the handler.
    public var otherSignals: [CrashSignal]
    /// Where what it printed on standard error went: nobody kept it.
    public var standardError: String
    /// What could not be read of what it left, in words.
    public var problems: [String]
}

extension LastRun: CustomStringConvertible {
    /// One line: how it ended, and where.
    public var summary: String {
        var text = "the last run of \(program) \(ending)"
        if let crash { text += ": \(crash.summary)" }
        if let crashedWorker { text += ", in the worker '\(crashedWorker.worker)'" }
        if let stage { text += ", during '\(stage)' of its start" }
        return text
    }

    /// For people: how it ended, where, and what else was going on.
    public var description: String {
        var lines = ["\(summary)"]
        lines.append("  \(program)\(version.isEmpty ? "" : " \(version)"), process \(process)")
        if let crash {
            lines += crash.description.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
            if crash.reason.source != .standardError, !standardError.isEmpty {
                lines.append("  what it printed went to \(TerminalText.line(standardError))")
            }
        }
        lines += otherSignals.map { "  meanwhile also \($0)" }
        if !workers.isEmpty { lines.append("  at work:") }
        lines += workers.map { "    \($0)" }
        if !self.lines.isEmpty { lines.append("  its last lines:") }
        lines += self.lines.map { "    \($0)" }
        lines += problems.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }
}
