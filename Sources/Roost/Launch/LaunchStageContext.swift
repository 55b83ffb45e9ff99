/// What the body of a stage on a worker gets: the mode of the start, its token, its checkpoints and its reports.
///
/// Used by the body, on its thread; copies that outlive the body do nothing.
public struct LaunchStageContext: Sendable {
    /// How the program starts.
    public let mode: LaunchMode
    private let worker: WorkerContext<WorkerProgress>

    init(mode: LaunchMode, worker: WorkerContext<WorkerProgress>) {
        self.mode = mode
        self.worker = worker
    }

    /// The stage's name.
    public var name: String { worker.name }

    /// Stopped at the stage's limit, and when the process ends; hand it to whatever the body calls.
    public var token: StopToken { worker.token }

    /// True once the stage was asked to stop.
    public var isStopped: Bool { worker.isStopped }

    /// Throws ``StopError`` once the stage was asked to stop. The last one is what a report names when it did not stop.
    public func checkpoint(file: StaticString = #fileID, line: UInt = #line) throws {
        try worker.checkpoint(file: file, line: line)
    }

    /// A checkpoint, a blocking sleep that ends at once on a stop, and a checkpoint.
    /// Throws ``StopError`` once the stage was asked to stop.
    public func sleep(for duration: Duration, file: StaticString = #fileID, line: UInt = #line) throws {
        try worker.sleep(for: duration, file: file, line: line)
    }

    /// Moves the bar of the splash within this stage's part of it: `completed` units of `total`.
    public func report(_ completed: Int, of total: Int) {
        worker.report(completed, of: total)
    }
}
