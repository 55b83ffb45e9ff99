/// The start of a program in stages, one after the other, with the main actor free throughout.
///
/// ```swift
/// let launch = Launch("thumbnailer", stages: [
///     .required("cache folder", within: .seconds(10)) { stage in try cache.make() } undo: { try cache.remove() },
///     .optional("decoder check", within: .seconds(5)) { stage in try decoders.check(stage.token) },
///     .onMain("main window") { window.present() },
/// ])
/// let report = await launch.run(presenter, journal: journal, history: history)
/// ```
/// Slow stages run on a worker, quick ones on the main actor. A stage that fails is undone; without an optional one the start
/// goes on, after a required one the presenter asks: *Try again*, *Safe mode* or *Quit*. Each stage is in the ledger while it is
/// open, so that a crash report can say which it was.
public struct Launch: Sendable {
    /// The program's name.
    public let program: String
    /// The stages, in the order they run.
    public let stages: [LaunchStage]
    private let time: any TimeSource

    /// How long a worker has, from its stage's limit on, to follow the request to stop before it is abandoned.
    static let grace = Duration.milliseconds(500)

    /// Creates a launch, which does nothing yet.
    ///
    /// - Parameters:
    ///   - program: For the splash, questions and reports.
    ///   - stages: In the order they run.
    ///   - time: Where time comes from; tests pass a manual clock.
    public init(_ program: String, stages: [LaunchStage], time: any TimeSource = SystemTime.shared) {
        self.program = program
        self.stages = stages
        self.time = time
    }

    /// Runs the stages and returns once the program runs, somebody has quit, or the process was asked to end.
    ///
    /// Never blocks the main actor but for the stages that run there. On *Quit* what was done is undone, the last first; what
    /// to do then is the caller's decision (``LaunchReport/Outcome/exitStatus``). When the process is asked to end this
    /// returns at once: the open stage is asked to stop like every worker, and what was done is undone by finalizers of the
    /// shutdown, the last first. Cancelling the calling task changes nothing.
    ///
    /// - Parameters:
    ///   - presenter: What shows and asks.
    ///   - journal: Where stages are written down before they begin; nil for where the program's `RoostApplication` keeps them, and
    ///     without one nowhere.
    ///   - history: What is remembered of earlier starts; nil likewise.
    ///   - mode: Safe for a program that was told so on its command line; nobody is asked then.
    @MainActor
    public func run(
        _ presenter: any LaunchPresenter, journal: (any LaunchJournal)? = nil,
        history: LaunchHistory? = nil, mode: LaunchMode = .normal
    ) async -> LaunchReport {
        let memory = Self.memory
        let report = await run(
            presenter, journal: journal ?? memory, history: history ?? memory?.history ?? LaunchHistory(), mode: mode,
            shutdown: .process)
        memory?.ended(report)
        return report
    }

    /// What the composer of the program keeps of its starts.
    package static var memory: (any LaunchMemory)? {
        get { kept.withLock { $0 } }
        set { kept.withLock { $0 = newValue } }
    }
    private static let kept = Locked<(any LaunchMemory)?>(nil)

    @MainActor
    package func run(
        _ presenter: any LaunchPresenter, journal: (any LaunchJournal)? = nil,
        history: LaunchHistory = LaunchHistory(), mode: LaunchMode = .normal, shutdown: Shutdown
    ) async -> LaunchReport {
        let run = LaunchRun(
            self, presenter: presenter, journal: journal, history: history, mode: mode, shutdown: shutdown, time: time)
        return await run.run()
    }
}
