/// Why this process was started, and by whom.
public enum SupervisedStart: Sendable, Hashable {
    /// By its own parent, for the first time.
    case first
    /// By its own parent, for the program ended badly: ``CrashCapture/lastRun`` says how. The number of such starts until now.
    case restarted(times: Int)
    /// The same, to ask the user first: the program shows what happened, and then goes on with its start or leaves.
    case toAsk(times: Int)
    /// It runs without a parent of its own; why, in words.
    case unsupervised(String)
}

extension SupervisedStart {
    /// As the parent says it to the child: numbers that both ends read.
    enum Mode: Int32 {
        case first = 0
        case restarted = 1
        case toAsk = 2
    }

    init(_ mode: Mode, times: Int) {
        self =
            switch mode {
            case .first: .first
            case .restarted: .restarted(times: times)
            case .toAsk: .toAsk(times: times)
            }
    }
}
