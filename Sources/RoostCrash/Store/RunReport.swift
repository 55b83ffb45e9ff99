public import RoostCrashReport

/// A run that did not end as it was asked to, as the store keeps it: readable by people and by tools.
public struct RunReport: Sendable, Hashable, Codable {
    /// The form of the JSON: `roost-run-report-1`.
    public var format = "roost-run-report-1"
    /// The program's name.
    public var program: String
    /// Its version, as it called it.
    public var version: String
    /// The process's id.
    public var process: Int32
    /// When it began, in nanoseconds since 1970.
    public var began: Int64
    /// `crashed`, `killed`, `past-budget`, `quit`, `hung`, `machine-went-down`.
    public var kind: String
    /// The whole in one line.
    public var summary: String
    /// The stage of the start that was open.
    public var stage: String?
    /// The workers that ran.
    public var workers: [RunActivity]
    /// The last lines that it noted.
    public var lines: [String]
    /// The crash, if it was one.
    public var crash: CrashReport?
    /// The whole as text.
    public var text: String

    init(_ run: LastRun) {
        program = run.program
        version = run.version
        process = run.process
        began = run.began
        kind = run.ending.short.rawValue
        summary = run.summary
        stage = run.stage
        workers = run.workers
        lines = run.lines
        crash = run.crash
        text = run.description
    }
}
