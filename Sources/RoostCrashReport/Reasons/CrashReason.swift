/// Why a process crashed, as well as it can be known, and from what.
public struct CrashReason: Sendable, Hashable, Codable {
    /// What kind of failure it is.
    public struct Kind: RawRepresentable, Sendable, Hashable, Codable {
        /// A stable name.
        public let rawValue: String
        /// Creates a kind.
        public init(rawValue: String) { self.rawValue = rawValue }
    }

    /// Where the reason was found, best first.
    public enum Source: String, Sendable, Hashable, Codable, CaseIterable {
        /// The process printed it.
        case standardError
        /// A frame of the backtrace says which check failed.
        case backtrace
        /// The signal and its address say what kind of failure it was.
        case signal
        /// Nothing but the exit status is known.
        case exitStatus
    }

    /// What kind of failure it is.
    public var kind: Kind
    /// What happened, in one line; the process's own words where it left any.
    public var message: String
    /// What it printed after that line; at most ``mostDetails`` lines.
    public var details: [String]
    /// The source file that the message names.
    public var file: String?
    /// The line in it.
    public var line: Int?
    /// Where it was found.
    public var source: Source
    /// Why this may not be the reason, or not all of it, in words; nil when it is certain.
    public var doubt: String?

    /// How many lines of ``details`` are kept.
    public static let mostDetails = 8

    /// Creates a reason.
    public init(
        kind: Kind, message: String, details: [String] = [], file: String? = nil, line: Int? = nil, source: Source,
        doubt: String? = nil
    ) {
        self.kind = kind
        self.message = message
        self.details = details
        self.file = file
        self.line = line
        self.source = source
        self.doubt = doubt
    }

    /// True when nothing speaks against it.
    public var isCertain: Bool { doubt == nil }
}

extension CrashReason {
    /// Finds the reason: what the process printed about its end, if that fits the signal; else the check that the
    /// backtrace names; else the kind of failure that the signal, or the exit status, stands for.
    ///
    /// - Parameters:
    ///   - end: how the process ended.
    ///   - signal: the signal that it crashed with, with what is known of it; `end` alone says less, and says something
    ///     else if the process was killed while it crashed.
    ///   - standardError: the last of what it printed.
    ///   - isCut: whether more stood before.
    ///   - thread: the thread that crashed.
    ///   - isTrapInstruction: whether it stopped at an instruction that a compiler put there to stop it.
    public init(
        end: ProcessEnd, signal: CrashSignal?, standardError: String, isCut: Bool = false, thread: CrashThread? = nil,
        isTrapInstruction: Bool? = nil
    ) {
        let printed = PrintedOutput(standardError, isCut: isCut)
        let signal = signal ?? (end.signal ?? printed.announcedSignal).map { CrashSignal(number: $0) }
        if let reason = printed.reason(signal: signal?.number, end: end),
            let reason = Self.confirmed(reason, signal: signal, thread: thread)
        {
            self = reason
        } else if let reason = Self.failedCheck(in: thread) {
            self = reason
        } else if let signal {
            self = Self.trap(signal, thread: thread, isTrapInstruction: isTrapInstruction)
        } else {
            self = Self.unasked(end)
        }
    }

    /// Swift prints a message and stops in one function. A stack without it says that the message is an older one, or
    /// another thread's: then a check that the backtrace names is better, and one that is doubtful anyway is dropped.
    private static func confirmed(_ reason: CrashReason, signal: CrashSignal?, thread: CrashThread?) -> CrashReason? {
        let frames = thread?.frames ?? []
        guard let signal, [4, 5].contains(signal.number), frames.contains(where: { $0.symbol != nil }) else {
            return reason
        }
        guard !frames.contains(where: isPrinter) else { return reason }
        guard reason.isCertain, failedCheck(in: thread) == nil else { return nil }
        var reason = reason
        reason.doubt = "the backtrace does not show that the thread that crashed printed it"
        return reason
    }

    /// True for the function of the standard library that prints a message and stops.
    static func isPrinter(_ frame: CrashFrame) -> Bool {
        guard frame.isSystem, let symbol = frame.symbol else { return false }
        return ["_assertionFailure(", "_fatalErrorMessage("].contains(where: symbol.hasPrefix)
    }

    /// The compiler's note in the innermost frames which check failed.
    private static func failedCheck(in thread: CrashThread?) -> CrashReason? {
        guard let frames = thread?.frames, let note = frames.firstIndex(where: \.isRuntimeFailure),
            frames[..<note].allSatisfy({ !$0.isOwnCode }), let text = frames[note].symbol
        else { return nil }
        let place = frames[note...].first { $0.isOwnCode && $0.place != nil }
        return CrashReason(
            kind: Kind(ofCheck: text), message: text, file: place?.file, line: place?.line, source: .backtrace)
    }
}

extension CrashReason: CustomStringConvertible {
    /// The message, with a mark if it is not certain.
    public var description: String { isCertain ? message : "\(message) (not certain)" }
}
