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
    /// Where what it printed on standard error went; without a parent that kept it (``CrashSupervisor``) it is lost.
    public var standardError: String
    /// The last lines that it printed on standard error, if its parent kept them; at most 200.
    public var output: [String] = []
    /// How its parent saw it end, if it had one.
    public var end: ProcessEnd?
    /// What could not be read of what it left, in words.
    public var problems: [String]
    /// True when an earlier start was told of it already (``CrashCapture/lastRun``).
    public var wasTold = false
}

extension LastRun: CustomStringConvertible {
    /// One line: how it ended, and where.
    public var summary: String {
        var text = "the last run of \(program) \(howItEnded)"
        if let crash { text += ": \(crash.summary)" }
        if let crashedWorker { text += ", in the worker '\(crashedWorker.worker)'" }
        if let stage { text += ", during '\(stage)' of its start" }
        return text
    }

    /// Of an end without a word the parent knows at least the signal, or the status.
    private var howItEnded: String {
        // What follows begins with the signal.
        if ending.kind == .crashed, crash?.signal != nil { return "crashed" }
        guard ending == .killed(nil), let end else { return "\(ending)" }
        switch end {
        case .exited(let status): return "left with status \(status), without a word"
        case .signalled(let number, _): return "was killed (\(CrashSignal.name(of: number)))"
        }
    }

    /// For people: how it ended, where, and what else was going on.
    public var description: String {
        var lines = ["\(summary)"]
        lines.append("  \(program)\(version.isEmpty ? "" : " \(version)"), process \(process)")
        if let crash {
            lines += crash.description.split(separator: "\n", omittingEmptySubsequences: false).map { "  \($0)" }
            if crash.reason.source != .standardError, !standardError.isEmpty, end == nil {
                lines.append("  what it printed went to \(TerminalText.line(standardError))")
            }
        }
        lines += otherSignals.map { "  meanwhile also \($0)" }
        if !workers.isEmpty { lines.append("  at work:") }
        lines += workers.map { "    \($0)" }
        if !self.lines.isEmpty { lines.append("  its last lines:") }
        lines += self.lines.map { "    \($0)" }
        if !output.isEmpty { lines.append("  the last that it printed:") }
        lines += output.map { "    \($0)" }
        lines += problems.map { "  \($0)" }
        return lines.joined(separator: "\n")
    }
}
