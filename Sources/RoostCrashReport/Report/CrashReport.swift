/// What is known of one crash: why, where, and what every thread did.
///
/// A pure value. ``description`` is for a terminal; ``json`` for files and tools.
public struct CrashReport: Sendable, Hashable {
    /// The program's name.
    public var program: String
    /// The process's id.
    public var process: Int32
    /// How the process ended. It may differ from ``signal``: a process that is stuck in its crash is killed.
    public var end: ProcessEnd
    /// The signal that it crashed with; nil if it left by itself.
    public var signal: CrashSignal?
    /// Why.
    public var reason: CrashReason
    /// The threads; empty without a backtrace.
    public var threads: [CrashThread]
    /// How many there were besides.
    public var omittedThreads: Int
    /// When, in seconds since 1970.
    public var capturedAt: Int64?
    /// Why there is no backtrace, or not all of it; nil when it is whole.
    public var backtraceProblem: String?

    /// Creates a report.
    public init(
        program: String, process: Int32, end: ProcessEnd, signal: CrashSignal? = nil, reason: CrashReason,
        threads: [CrashThread] = [], omittedThreads: Int = 0, capturedAt: Int64? = nil, backtraceProblem: String? = nil
    ) {
        self.program = program
        self.process = process
        self.end = end
        self.signal = signal
        self.reason = reason
        self.threads = threads
        self.omittedThreads = omittedThreads
        self.capturedAt = capturedAt
        self.backtraceProblem = backtraceProblem
    }

    /// The thread that crashed.
    public var crashedThread: CrashThread? { threads.first(where: \.isCrashed) }
}

extension CrashReport {
    /// Makes a report of whatever evidence there is. Never fails: what cannot be read is said in ``backtraceProblem``.
    public init(_ evidence: CrashEvidence) {
        var document: BacktraceDocument?
        var problem: String?
        var threads: [CrashThread] = []
        var omitted = 0
        var isTrapInstruction: Bool?
        switch evidence.backtrace {
        case .threads(let found, let others, let isTrap, let missing):
            (threads, omitted, isTrapInstruction, problem) = (found, others, isTrap, missing)
        case .missing(let why): problem = why
        case .file(let bytes):
            do {
                document = try BacktraceDocument(json: bytes)
                problem = document?.damage?.description
                threads = document?.threads ?? []
                omitted = document?.omittedThreads ?? 0
                isTrapInstruction = document?.isTrapInstruction
            } catch { problem = error.description }
        }
        let text = String(decoding: evidence.standardError, as: UTF8.self)
        let printed = PrintedOutput(text, isCut: evidence.standardErrorIsCut)
        let signal = Self.signal(evidence, announced: printed.announcedSignal, document)
        if let crashed = threads.firstIndex(where: \.isCrashed) { threads[crashed].id = signal?.thread }
        self.init(
            program: evidence.program, process: evidence.process, end: evidence.end, signal: signal,
            reason: CrashReason(
                end: evidence.end, signal: signal, standardError: text, isCut: evidence.standardErrorIsCut,
                thread: threads.first(where: \.isCrashed), isTrapInstruction: isTrapInstruction),
            threads: threads, omittedThreads: omitted,
            capturedAt: document?.capturedAt ?? evidence.foundAt, backtraceProblem: problem)
    }

    /// What the handler noted is best; the backtracer knows the addresses, too, but not whether the signal was sent.
    private static func signal(
        _ evidence: CrashEvidence, announced: Int32?, _ document: BacktraceDocument?
    ) -> CrashSignal? {
        guard let number = evidence.signal?.number ?? announced ?? evidence.end.signal else { return nil }
        var signal = evidence.signal ?? CrashSignal(number: number)
        // The "address" of a signal that is sent is the sender.
        if signal.code.map({ $0 <= 0 }) ?? (number == 6) { signal.faultAddress = nil }
        guard number != 9, let document else { return signal }
        if signal.code.map({ $0 > 0 }) ?? (number != 6) {
            signal.faultAddress = signal.faultAddress ?? document.faultAddress
        }
        signal.stackPointer = signal.stackPointer ?? document.stackPointer
        return signal
    }
}
