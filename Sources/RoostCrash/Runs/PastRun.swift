/// A run that is over, as far as the starts that come after it need to know.
public struct PastRun: Sendable, Hashable {
    /// How a stage of a start came out.
    public enum StageOutcome: String, Sendable, Hashable {
        /// In time.
        case done
        /// After its limit.
        case late
        /// Left out, or failed although it was optional.
        case skipped
        /// Failed, and the start with it.
        case failed
        /// It met the end of the process.
        case stopped
    }

    /// The program's version.
    public var version: String
    /// How it ended.
    public var ending: RunEnding.Kind
    /// The stages of its start, in the order in which they began; without an outcome one that was open at the end.
    public var stages: [(name: String, outcome: StageOutcome?)] { record.stages.map { ($0.name, $0.outcome) } }
    /// True when the start was over and the program ran.
    public var hasLaunched: Bool { record.launched != nil }
    /// True when that was in safe mode.
    public var wasSafe: Bool { record.isSafe }
    /// True when the start was given up in order.
    public var gaveUp: Bool { record.gaveUp }
    private let record: RunRecord

    init(_ record: RunRecord, ending: RunEnding.Kind) {
        version = record.version
        self.ending = ending
        self.record = record
    }
}
