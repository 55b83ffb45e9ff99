/// One worker in a report: whether it was asked to stop, where it was last seen, and how it ended.
public struct WorkerReport: Sendable, Hashable {
    /// The worker's name.
    public let name: String
    /// The name of its scope.
    public let scope: String
    /// Why it was asked to stop, in words; nil when it was not.
    public let asked: String?
    /// The time from the request to stop to the ending, exactly; nil when it was not asked.
    public let stopLatency: Duration?
    /// Where it passed its last checkpoint; nil when it never did.
    public let lastCheckpoint: CallSite?
    /// The longest time between two checkpoints, within 10 ms; nil for one that was too short to be sampled.
    public let longestCheckpointGap: Duration?
    /// `finished`, `failed`, `stopped`, `timed out`, `abandoned`, or `running`.
    public let ending: String
    /// The ending in words, with reason or error.
    public let detail: String
    /// In a ``ShutdownReport``, from the request for the end of the process to this ending; negative for one that had ended
    /// before. Nil in the report of a scope, while it runs, and in a report of the form without it.
    public internal(set) var endedAfter: Duration?
    /// For `endedAfter`; in no report that has left the process.
    var endedAt: MonotonicTime?

    /// The same, with the ending's time told from that of a request.
    func counted(from request: MonotonicTime) -> WorkerReport {
        var report = self
        report.endedAfter = endedAt.map { $0 - request }
        report.endedAt = nil
        return report
    }
}

/// How a scope's close went.
public struct ScopeReport: Sendable, Hashable, CustomStringConvertible {
    /// The scope's name.
    public let name: String
    /// Why it closed.
    public let reason: StopReason
    /// From the request until the last worker had its ending.
    public let duration: Duration
    /// The workers that had to be abandoned; empty for a close within the budget.
    public let stragglers: [Straggler]
    /// The workers that were asked to stop, in the order they ended; of more than 1,000, the first.
    public let workers: [WorkerReport]

    /// True when every worker ended within the budget.
    public var isClean: Bool { stragglers.isEmpty }

    public var description: String {
        let late = stragglers.map { "\n  \($0)" }.joined()
        let summary = stragglers.isEmpty ? "" : ", \(stragglers.count) abandoned:\(late)"
        return "'\(name)' closed in \(duration.short) (\(reason))\(summary)"
    }
}
