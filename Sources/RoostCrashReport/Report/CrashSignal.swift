/// A signal, with what a signal handler of the crashed process saw of it; what nobody saw is nil.
public struct CrashSignal: Sendable, Hashable, Codable {
    /// Its number, as Linux counts on x86-64 and arm64.
    public var number: Int32
    /// `si_code`: positive when the kernel found the fault, zero or negative when somebody sent the signal.
    public var code: Int32?
    /// `si_addr`, if it is an address: the one that could not be reached, or that of the instruction that failed.
    public var faultAddress: CrashAddress?
    /// The stack pointer of the thread at that moment.
    public var stackPointer: CrashAddress?
    /// The kernel's id of the thread.
    public var thread: Int32?

    /// Creates a signal.
    public init(
        number: Int32, code: Int32? = nil, faultAddress: CrashAddress? = nil, stackPointer: CrashAddress? = nil,
        thread: Int32? = nil
    ) {
        self.number = number
        self.code = code
        self.faultAddress = faultAddress
        self.stackPointer = stackPointer
        self.thread = thread
    }

    /// `SIGSEGV` and so on.
    public var name: String { Self.name(of: number) }

    /// What the signal stands for, in a few words; nil for those that say all with their name.
    public var meaning: String? { Self.common[number]?.meaning }

    /// `SIGTERM` for 15 and so on; `signal 42` for one without a common name.
    public static func name(of number: Int32) -> String { common[number]?.name ?? "signal \(number)" }

    /// True when somebody sent it: a fault of the processor did not.
    var wasSent: Bool { code.map { $0 <= 0 } ?? false }

    // By number: a report is a pure value, may be read on another machine, and imports no C library.
    private static let common: [Int32: (name: String, meaning: String?)] = [
        1: ("SIGHUP", "hangup"), 2: ("SIGINT", "interrupt"), 3: ("SIGQUIT", "quit"),
        4: ("SIGILL", "illegal instruction"), 5: ("SIGTRAP", "trap"), 6: ("SIGABRT", "abort"),
        7: ("SIGBUS", "bus error"), 8: ("SIGFPE", "arithmetic"), 9: ("SIGKILL", "killed"), 10: ("SIGUSR1", nil),
        11: ("SIGSEGV", "bad pointer"), 12: ("SIGUSR2", nil), 13: ("SIGPIPE", "nobody reads"),
        14: ("SIGALRM", "alarm"), 15: ("SIGTERM", "asked to end"), 24: ("SIGXCPU", "processor time"),
        25: ("SIGXFSZ", "file size"), 31: ("SIGSYS", "system call"),
    ]
}

extension CrashSignal: CustomStringConvertible {
    public var description: String { name + (meaning.map { " (\($0))" } ?? "") }
}
