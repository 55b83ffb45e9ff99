/// What the runs before this one say of its start: whether it had better be careful.
public struct StartHistory: Sendable, Hashable {
    /// How many runs in a row, counted back from the last, ended by a crash or were killed before their start was over. Runs that were
    /// asked to end meanwhile count neither way.
    public var failedStarts = 0
    /// How many times in a row a stage was open at such an end, by its name. A run in which it was done ends the row.
    public var crashesInStage: [String: Int] = [:]

    /// Creates a history; by default one of a program that never failed.
    public init(failedStarts: Int = 0, crashesInStage: [String: Int] = [:]) {
        self.failedStarts = failedStarts
        self.crashesInStage = crashesInStage
    }

    /// From the runs, the last one first. Another version of the program is another program.
    init(_ runs: [(record: RunRecord, ending: RunEnding.Short)], version: String) {
        var isCountingStarts = true
        var decided: Set<String> = []
        for run in runs {
            guard run.record.version == version else { break }
            let hasFailed = run.ending == .crashed || run.ending == .killed || run.ending == .quit
            if run.record.launched != nil {
                isCountingStarts = false
            } else if hasFailed, isCountingStarts {
                failedStarts += 1
            }
            for stage in run.record.stages where !decided.contains(stage.name) {
                if stage.outcome == .done {
                    decided.insert(stage.name)
                } else if stage.ended == nil, hasFailed {
                    crashesInStage[stage.name, default: 0] += 1
                }
            }
        }
    }
}
