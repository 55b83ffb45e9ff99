/// What the parent of a crashed process has in its hands. All but how the process ended may be missing.
public struct CrashEvidence: Sendable {
    /// The stacks of its threads: as the runtime's backtracer wrote them to a file, or as somebody else found them; or why there are none.
    public enum Backtrace: Sendable, Hashable {
        /// What it wrote, perhaps damaged or empty.
        case file([UInt8])
        /// The threads, the one that crashed first, and how many there were besides. Whether that one stopped at an instruction which is there
        /// for that purpose: a check failed; nil when that is not known. What was not to be had, in words.
        case threads([CrashThread], omitted: Int, isTrapInstruction: Bool?, problem: String?)
        /// Why there is none, in words that stand in the report.
        case missing(String)
    }

    /// The program's name.
    public var program: String
    /// The process's id.
    public var process: Int32
    /// How it ended.
    public var end: ProcessEnd
    /// What a signal handler in the process wrote down before it died.
    public var signal: CrashSignal?
    /// The last of its standard error: 4 KB are enough. Bytes that are not UTF-8 do no harm.
    public var standardError: [UInt8]
    /// True when more stood before ``standardError``, so that its first line may be half a line.
    public var standardErrorIsCut: Bool
    /// The stacks.
    public var backtrace: Backtrace
    /// When it was found dead, in seconds since 1970; used if the backtracer noted no time.
    public var foundAt: Int64?

    /// Creates evidence.
    public init(
        program: String, process: Int32, end: ProcessEnd, signal: CrashSignal? = nil, standardError: [UInt8] = [],
        standardErrorIsCut: Bool = false, backtrace: Backtrace = .missing("none was asked for"), foundAt: Int64? = nil
    ) {
        self.program = program
        self.process = process
        self.end = end
        self.signal = signal
        self.standardError = standardError
        self.standardErrorIsCut = standardErrorIsCut
        self.backtrace = backtrace
        self.foundAt = foundAt
    }
}
