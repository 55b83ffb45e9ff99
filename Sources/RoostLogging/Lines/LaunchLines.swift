#if Logging
import Roost

/// What a start is in lines: one for each stage that was not simply done, and one for the whole.
enum LaunchLines {
    static func lines(for report: LaunchReport) -> [LogLine] {
        report.stages.flatMap(lines) + [
            LogLine(
                report.isClean ? .info : .warning, "start ended",
                [
                    "program": report.program, "outcome": report.outcome.rawValue, "mode": report.mode.rawValue,
                    "duration": report.total.short,
                ])
        ]
    }

    private static func lines(for stage: LaunchReport.Stage) -> [LogLine] {
        var lines: [LogLine] = []
        switch stage.outcome {
        case .skipped(let reason):
            lines.append(LogLine(.warning, "stage was skipped", ["stage": stage.name, "reason": reason]))
        case .failed(let reason):
            lines.append(LogLine(.error, "stage failed", ["stage": stage.name, "reason": reason]))
        case .late:
            lines.append(
                LogLine(
                    .warning, "stage was late",
                    ["stage": stage.name, "duration": stage.duration?.short, "limit": stage.limit.short]))
        case .done, .stopped, .notReached: break
        }
        if case .failed(let reason)? = stage.undo {
            lines.append(LogLine(.warning, "stage was not undone", ["stage": stage.name, "reason": reason]))
        }
        return lines
    }
}
#endif
