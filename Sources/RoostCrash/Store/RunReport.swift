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
    /// What happened.
    public var kind: Kind
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
    /// Other signals, of other threads or within the handler, while the first was written down.
    public var otherSignals: [CrashSignal]?
    /// Who may have killed it, if anything speaks for somebody.
    public var killCause: RunEnding.KillCause?
    /// How its parent saw it end, if it had one that looked.
    public var end: ProcessEnd?
    /// The last lines that it printed on standard error, if its parent kept them.
    public var output: [String]?
    /// All threads at that moment, where somebody asked for them.
    public var threads: ThreadCensus?
    /// The whole as text.
    public var text: String

    /// What a report is about.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A run that crashed.
        case crashed
        /// One that ended without a word.
        case killed
        /// One that was not done when its time to end was over.
        case pastBudget = "past-budget"
        /// One that was ended by SIGQUIT.
        case quit
        /// A main thread that did not answer.
        case hung
        /// One that ended with the machine.
        case machineWentDown = "machine-went-down"
        /// One that ended as it was asked to; no report is written of it.
        case orderly
    }

    init(_ run: LastRun) {
        program = run.program
        version = run.version
        process = run.process
        began = run.began
        kind = Kind(run.ending)
        summary = run.summary
        stage = run.stage
        workers = run.workers
        lines = run.lines
        crash = run.crash
        otherSignals = run.otherSignals.isEmpty ? nil : run.otherSignals
        if case .killed(let cause) = run.ending { killCause = cause }
        end = run.end
        output = run.output.isEmpty ? nil : run.output
        text = run.description
    }

    init(
        program: String, version: String, process: Int32, began: Int64, kind: Kind, summary: String, text: String,
        threads: ThreadCensus?
    ) {
        self.program = program
        self.version = version
        self.process = process
        self.began = began
        self.kind = kind
        self.summary = summary
        self.text = text
        self.threads = threads
        workers = []
        lines = []
    }
}

extension RunReport.Kind {
    init(_ ending: RunEnding) {
        self =
            switch ending {
            case .clean, .stopped: .orderly
            case .pastBudget: .pastBudget
            case .quit: .quit
            case .crashed: .crashed
            case .killed: .killed
            case .machineWentDown: .machineWentDown
            }
    }
}
