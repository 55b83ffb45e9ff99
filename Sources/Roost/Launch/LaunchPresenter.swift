/// What a start shows and asks: a splash, notices, and questions.
///
/// `RoostTerminal` and `RoostGTK` have one each. All is called on the main actor.
@MainActor
public protocol LaunchPresenter: AnyObject {
    /// Shows how far the start is; the splash is there from the first call on, and again after a question.
    func show(_ progress: LaunchProgress)
    /// Says something that nobody has to answer.
    func notice(_ text: String)
    /// Asks, and returns one of the question's answers; any other counts as ``LaunchAnswer/quit``. When the calling task is
    /// cancelled the question is to be taken away: the process ends, and the answer does not matter any more.
    func ask(_ question: LaunchQuestion) async -> LaunchAnswer
    /// Takes the splash away. Called when the last stage has ended, before each question, and when the process
    /// ends; without effect when there is none.
    func closeSplash()
}

/// How far a start is.
public struct LaunchProgress: Sendable, Hashable {
    /// The program's name.
    public let program: String
    /// The present stage's name.
    public let stage: String
    /// The present stage's number, from 1.
    public let number: Int
    /// How many stages there are in this mode.
    public let count: Int
    /// How the program starts.
    public let mode: LaunchMode
    /// How much of the present stage is done, from 0 to 1.
    public let part: Double

    /// Creates a progress; a launch makes its own, this is for the tests of a presenter.
    public init(program: String, stage: String, number: Int, count: Int, mode: LaunchMode, part: Double) {
        self.program = program
        self.stage = stage
        self.number = number
        self.count = count
        self.mode = mode
        self.part = part
    }

    /// How much of the whole start is done, from 0 to 1; each stage has the same share.
    public var fraction: Double { (Double(number - 1) + part) / Double(max(1, count)) }
}
