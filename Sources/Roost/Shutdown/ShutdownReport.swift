/// How the end of the process went: who was asked, who was late and where, what the finalizers did.
///
/// Written as JSON where the next launch can read it, and as text to standard error when somebody was late.
public struct ShutdownReport: Sendable, Hashable {
    /// The program's name.
    public var program: String
    /// The process's id.
    public var process: Int32
    /// What began the end, in words.
    public var cause: String
    /// Seconds since 1970 when it was asked for.
    public var askedAt: Int64
    /// The whole budget.
    public var budget: Duration
    /// From the request to this report.
    public var duration: Duration
    /// How the process's parent is told.
    public var outcome: ProcessOutcome
    /// Every worker that was asked to stop; of more than 1,000 a scope, the first.
    public var workers: [WorkerReport]
    /// Those that did not stop within the grace.
    public var stragglers: [Straggler]
    /// The finalizers in the order they ran.
    public var finalizers: [FinalizerReport]
    /// Failures that nobody looked at, as lines; of more than 100, the first.
    public var unobservedFailures: [String]
    /// The phases that were entered, in their order. Empty in a report of the form without them.
    public var phases: [ShutdownPhaseReport] = []
    /// What kept the process from its exit, when everything else was over: a destructor or an exit handler that did not return.
    public var exitHold: ThreadHold?
    /// The objects that were to go with a scope and were still there; of more than 100, the first.
    public var survivors: [Survivor] = []
    /// The titles of the top-level windows that were still open, empty for one without a title; nil when nobody knew, as without a toolkit.
    public var openWindows: [String]?

    /// True when everything stopped and every finalizer was done.
    public var isClean: Bool {
        stragglers.isEmpty && finalizers.allSatisfy { $0.outcome == "done" }
    }
}

extension ShutdownReport: CustomStringConvertible {
    /// For people: one line when all went well, else a line for everybody who was late.
    public var description: String {
        var lines = ["\(program): shut down in \(duration.short) of \(budget.short) (\(cause))"]
        for straggler in stragglers { lines.append("  late: \(straggler)") }
        for finalizer in finalizers where finalizer.outcome != "done" {
            lines.append("  finalizer '\(finalizer.name)' \(finalizer.outcome) after \(finalizer.duration.short)")
            lines += (finalizer.onThread?.text ?? []).map { "      " + $0 }
        }
        lines += (exitHold?.text ?? []).map { "    " + $0 }
        for survivor in survivors { lines.append("  survivor: \(survivor)") }
        // At an end in order they may well stay until the process has gone.
        for title in isClean ? [] : openWindows ?? [] {
            lines.append("  still open: the window '\(PrintableText.short(title, limit: 200))'")
        }
        for failure in unobservedFailures { lines.append("  failed unseen: \(failure)") }
        return lines.joined(separator: "\n")
    }
}

// MARK: - JSON

extension ShutdownReport {
    /// The report as one JSON object, readable by any tool; durations in whole nanoseconds.
    public var json: String { value.text + "\n" }

    /// Reads what ``json`` wrote. Throws an error that says where the text is not a report.
    public init(json: String) throws {
        try self.init(value: JSONParser.parse(json))
    }

    private var value: JSONValue {
        .object([
            "format": .string("roost-shutdown-1"),
            "program": .string(program),
            "process": .integer(Int64(process)),
            "cause": .string(cause),
            "askedAt": .integer(askedAt),
            "budgetNs": budget.json,
            "durationNs": duration.json,
            "exited": outcome.json.exited,
            "signal": outcome.json.signal,
            "workers": .array(workers.map(\.json)),
            "stragglers": .array(stragglers.map(\.json)),
            "finalizers": .array(finalizers.map(\.json)),
            "unobservedFailures": .array(unobservedFailures.map { .string($0) }),
            "phases": .array(phases.map(\.json)),
            "exitHold": exitHold?.json ?? .null,
            "survivors": .array(survivors.map(\.json)),
            "openWindows": openWindows.map { .array($0.map { .string($0) }) } ?? .null,
        ])
    }

    private init(value: JSONValue) throws {
        let fields = ReportFields(value)
        guard try fields.string("format") == "roost-shutdown-1" else {
            throw ReportFormatError(message: "it is of another format or version")
        }
        program = try fields.string("program")
        process = Int32(clamping: try fields.integer("process"))
        cause = try fields.string("cause")
        askedAt = try fields.integer("askedAt")
        budget = .nanoseconds(try fields.integer("budgetNs"))
        duration = .nanoseconds(try fields.integer("durationNs"))
        if let status = value["exited"].integer {
            outcome = .exited(Int32(clamping: status))
        } else {
            outcome = .signalled(Int32(clamping: try fields.integer("signal")))
        }
        workers = try fields.list("workers").map(WorkerReport.init(fields:))
        stragglers = try fields.list("stragglers").map(Straggler.init(fields:))
        finalizers = try fields.list("finalizers").map(FinalizerReport.init(fields:))
        unobservedFailures = (value["unobservedFailures"].array ?? []).compactMap(\.string)
        phases = value["phases"] == .null ? [] : try fields.list("phases").map(ShutdownPhaseReport.init(fields:))
        exitHold = ThreadHold(value["exitHold"])
        survivors = value["survivors"] == .null ? [] : try fields.list("survivors").map(Survivor.init(fields:))
        openWindows = value["openWindows"].array?.compactMap(\.string)
    }
}

/// A text is not a report of Roost.
public struct ReportFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    let message: String
    public var description: String { "not a shutdown report: \(message)" }
}

/// Reads the members of an object, naming the one that is missing.
private struct ReportFields {
    let value: JSONValue

    init(_ value: JSONValue) {
        self.value = value
    }

    func string(_ key: String) throws -> String {
        guard let string = value[key].string else { throw ReportFormatError(message: "no text '\(key)'") }
        return string
    }

    func integer(_ key: String) throws -> Int64 {
        guard let integer = value[key].integer else { throw ReportFormatError(message: "no number '\(key)'") }
        return integer
    }

    func duration(_ key: String) -> Duration? {
        value[key].integer.map { .nanoseconds($0) }
    }

    func list(_ key: String) throws -> [ReportFields] {
        guard let array = value[key].array else { throw ReportFormatError(message: "no list '\(key)'") }
        return array.map { ReportFields($0) }
    }

    var checkpoint: CallSite? {
        let place = value["lastCheckpoint"]
        guard let file = place["file"].string, let line = place["line"].integer else { return nil }
        return CallSite(file: file, line: Int(clamping: line))
    }
}

extension Duration {
    fileprivate var json: JSONValue { .integer(clampedNanoseconds) }
}

extension Optional where Wrapped == CallSite {
    fileprivate var json: JSONValue {
        map { .object(["file": .string($0.file), "line": .integer(Int64($0.line))]) } ?? .null
    }
}

extension ProcessOutcome {
    fileprivate var json: (exited: JSONValue, signal: JSONValue) {
        switch self {
        case .exited(let status): (.integer(Int64(status)), .null)
        case .signalled(let number): (.null, .integer(Int64(number)))
        }
    }
}

extension WorkerReport {
    fileprivate var json: JSONValue {
        .object([
            "name": .string(name), "scope": .string(scope), "asked": asked.map { .string($0) } ?? .null,
            "stopLatencyNs": stopLatency?.json ?? .null, "lastCheckpoint": lastCheckpoint.json,
            "longestCheckpointGapNs": longestCheckpointGap?.json ?? .null, "ending": .string(ending),
            "detail": .string(detail), "endedAfterNs": endedAfter?.json ?? .null,
        ])
    }

    fileprivate init(fields: ReportFields) throws {
        self.init(
            name: try fields.string("name"), scope: try fields.string("scope"), asked: fields.value["asked"].string,
            stopLatency: fields.duration("stopLatencyNs"), lastCheckpoint: fields.checkpoint,
            longestCheckpointGap: fields.duration("longestCheckpointGapNs"), ending: try fields.string("ending"),
            detail: try fields.string("detail"), endedAfter: fields.duration("endedAfterNs"))
    }
}

extension Straggler {
    fileprivate var json: JSONValue {
        .object([
            "worker": .string(worker), "scope": .string(scope), "thread": thread.map { .string($0) } ?? .null,
            "lastCheckpoint": lastCheckpoint.json, "ranForNs": ranFor.json, "askedForNs": askedFor.json,
            "kernelThread": kernelThread.map { .integer(Int64($0)) } ?? .null, "stack": onThread?.json ?? .null,
        ])
    }

    fileprivate init(fields: ReportFields) throws {
        self.init(
            worker: try fields.string("worker"), scope: try fields.string("scope"),
            thread: fields.value["thread"].string, lastCheckpoint: fields.checkpoint,
            ranFor: .nanoseconds(try fields.integer("ranForNs")),
            askedFor: .nanoseconds(try fields.integer("askedForNs")))
        onThread = ThreadStack(fields.value["stack"])
        kernelThread = fields.value["kernelThread"].integer.map { Int32(clamping: $0) }
    }
}

extension Survivor {
    fileprivate var json: JSONValue {
        .object([
            "name": .string(name), "scope": .string(scope), "ageNs": age.json, "overdueNs": overdue.json,
        ])
    }

    fileprivate init(fields: ReportFields) throws {
        self.init(
            name: try fields.string("name"), scope: try fields.string("scope"),
            age: .nanoseconds(try fields.integer("ageNs")), overdue: .nanoseconds(try fields.integer("overdueNs")))
    }
}

extension FinalizerReport {
    fileprivate var json: JSONValue {
        .object([
            "name": .string(name), "beganAfterNs": beganAfter?.json ?? .null, "durationNs": duration.json,
            "limitNs": limit?.json ?? .null, "outcome": .string(outcome),
            "kernelThread": kernelThread.map { .integer(Int64($0)) } ?? .null, "stack": onThread?.json ?? .null,
        ])
    }

    fileprivate init(fields: ReportFields) throws {
        self.init(
            name: try fields.string("name"), duration: .nanoseconds(try fields.integer("durationNs")),
            outcome: try fields.string("outcome"), beganAfter: fields.duration("beganAfterNs"),
            limit: fields.duration("limitNs"))
        onThread = ThreadStack(fields.value["stack"])
        kernelThread = fields.value["kernelThread"].integer.map { Int32(clamping: $0) }
    }
}

extension ShutdownPhaseReport {
    fileprivate var json: JSONValue {
        .object([
            "phase": .string(phase.rawValue), "beganAfterNs": beganAfter.json, "durationNs": duration.json,
            "shareNs": share.json,
        ])
    }

    fileprivate init(fields: ReportFields) throws {
        guard let phase = ShutdownPhase(rawValue: try fields.string("phase")) else {
            throw ReportFormatError(message: "an unknown phase")
        }
        self.init(
            phase: phase, beganAfter: .nanoseconds(try fields.integer("beganAfterNs")),
            duration: .nanoseconds(try fields.integer("durationNs")),
            share: .nanoseconds(try fields.integer("shareNs")))
    }
}
