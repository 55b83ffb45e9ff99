#if Logging
import Logging
import Roost

/// A line before it is written. Names of others are made fit to stand in it.
struct LogLine: Sendable {
    let level: Logger.Level
    let message: String
    var metadata: Logger.Metadata = [:]

    init(_ level: Logger.Level, _ message: String, _ facts: KeyValuePairs<String, String?> = [:]) {
        self.level = level
        self.message = message
        for (key, value) in facts {
            if let value { metadata[key] = .string(PrintableText.short(value, limit: 400)) }
        }
    }

    /// The error describes itself here, on the thread that met the failure, as it does for the report.
    init(_ failure: UnobservedFailure) {
        self.init(
            .error, "worker failed and nobody looked",
            ["worker": failure.worker, "scope": failure.scope, "error": "\(failure.error)"])
    }

    init(dropped: Int) {
        self.init(.warning, "lines of failures were dropped: too many waited", ["dropped": "\(dropped)"])
    }
}

/// What the shutdown's events are in lines. The ticks while it waits are none.
enum ShutdownLines {
    /// Of more late workers than this, how many more there were is one line.
    static let most = 100

    static func lines(for event: ShutdownEvent) -> [LogLine] {
        switch event {
        case .began(let cause, let budget):
            [LogLine(.info, "shutdown began", ["cause": "\(cause)", "budget": budget.short])]
        case .waiting: []
        case .abandoned(let stragglers): lines(for: stragglers)
        case .finalizing(let name): [LogLine(.debug, "finalizer runs", ["finalizer": name])]
        case .ended(let report): lines(for: report)
        }
    }

    private static func lines(for stragglers: [Straggler]) -> [LogLine] {
        let lines = stragglers.prefix(most).map { straggler in
            LogLine(
                .warning, "worker did not stop and was given up",
                [
                    "worker": straggler.worker, "scope": straggler.scope, "thread": straggler.thread,
                    "checkpoint": straggler.lastCheckpoint.map { "\($0)" }, "asked-for": straggler.askedFor.short,
                    "ran-for": straggler.ranFor.short,
                ])
        }
        let more = stragglers.count - lines.count
        return more > 0 ? lines + [LogLine(.warning, "more workers were given up", ["count": "\(more)"])] : lines
    }

    private static func lines(for report: ShutdownReport) -> [LogLine] {
        let unfinished = report.finalizers.filter { $0.outcome != "done" }.map { finalizer in
            LogLine(
                .warning, "finalizer was not done",
                [
                    "finalizer": finalizer.name, "outcome": finalizer.outcome, "duration": finalizer.duration.short,
                ])
        }
        let end = LogLine(
            report.isClean ? .info : .warning, "shutdown ended",
            [
                "cause": report.cause, "duration": report.duration.short, "budget": report.budget.short,
                "outcome": outcome(report.outcome), "late": "\(report.stragglers.count)",
            ])
        return unfinished + [end]
    }

    private static func outcome(_ outcome: ProcessOutcome) -> String {
        switch outcome {
        case .exited(let status): "exit status \(status)"
        case .signalled(let number): "signal \(number)"
        }
    }
}
#endif
