import Roost
public import RoostCrashReport

/// A worker process that ended while it ran a task, with all the evidence that could be had.
///
/// Any end that nobody asked for is a crash, whatever its status: also `exit(0)`.
public struct TaskCrash: Error, Sendable, CustomStringConvertible {
    /// What ended it.
    public enum Cause: Sendable, Hashable {
        /// A signal: a trap, a bad pointer, an abort, or one that somebody sent.
        case signal(Int32)
        /// It left by itself, with this status.
        case exit(Int32)
        /// It used more memory than its limit, in bytes.
        case memoryLimit(Int)
        /// It ran longer than its limit.
        case timeLimit(Duration)
        /// It used more of the processor than its limit.
        case cpuTimeLimit(Duration)

        /// It died; no limit ended it.
        var isByItself: Bool {
            switch self {
            case .signal, .exit: true
            case .memoryLimit, .timeLimit, .cpuTimeLimit: false
            }
        }
    }

    /// What ended it.
    public let cause: Cause
    /// The task's name.
    public let task: String
    /// What it worked on, in short.
    public let input: String
    /// The worker's process id.
    public let process: Int32
    /// Why, in words: what it printed as it died, else what its backtrace says, else the kind of signal.
    public let reason: String
    /// The process's end as it could be reconstructed, with the stacks of its threads.
    public let report: CrashReport
    /// How long the task had run.
    public let ranFor: Duration
    /// The processor time it had used.
    public let cpuTime: Duration
    /// The most memory that the worker had, in bytes.
    public let peakMemory: Int
    /// The last update it reported, as text; nil when it reported none.
    public let lastUpdate: String?
    /// Where it passed its last checkpoint.
    public let lastCheckpoint: CallSite?
    /// The last lines that the worker printed.
    public let output: String
    /// The crashes of the attempts before this one, the first one first.
    public let earlier: [TaskCrash]
    /// It may be tried again, but has ended as many workers as the pool allows one task to end
    /// (``ProcessPool/Configuration/attempts``): it is not tried any more.
    public let isQuarantined: Bool

    /// 0, or more for a task that was tried again.
    public var attempt: Int { earlier.count }

    public var description: String {
        var lines = ["task '\(task)' ended its worker (process \(process)): \(reason)"]
        var facts = [
            "ran \(ranFor.short)", "processor \(cpuTime.short)", "memory \(peakMemory / 1_048_576) MiB at most",
        ]
        if attempt > 0 { facts.append("attempt \(attempt + 1)") }
        if let lastCheckpoint { facts.append("last checkpoint \(lastCheckpoint)") }
        lines.append("  input: \(input)")
        lines.append("  \(facts.joined(separator: ", "))")
        if let lastUpdate { lines.append("  last update: \(lastUpdate)") }
        if isQuarantined, !earlier.isEmpty {
            lines.append(
                "  quarantined: it has ended \(earlier.count + 1) workers, and is not tried again; before this one:")
            lines += earlier.map { "    process \($0.process): \($0.reason)" }
        }
        if case .signal = cause, !report.threads.isEmpty {
            // The report's first line is the reason.
            lines += report.description.split(separator: "\n").dropFirst().map { "  \($0)" }
        }
        return lines.joined(separator: "\n")
    }
}
