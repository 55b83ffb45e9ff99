import RoostCrashReport

/// One thread of this process at one moment.
public struct ThreadRecord: Sendable, Hashable, Codable {
    /// The kernel's id.
    public var id: Int32
    /// Its name; the kernel keeps 15 bytes.
    public var name: String
    /// Whose it is.
    public var kind: ThreadKind
    /// What it is doing.
    public var state: ThreadState
    /// The processor time it has used since it began, in the program and in the kernel.
    public var cpuTime: Duration
    /// When it began, in the kernel's ticks since the machine's start: two threads with the same id are told apart by it.
    public var began: UInt64
    /// The worker that runs on it.
    public var work: ThreadWork?
    /// What it waits in; nil for one that runs.
    public var wait: ThreadWait?
    /// Its calls, innermost first, with their names; nil when it could not be had.
    public var stack: CrashThread?
    /// Why there is no stack, in words; nil when there is one.
    public var stackProblem: String?

    /// The thread for people: what it works on if that is known, else its name.
    public var title: String {
        if let work { return "worker '\(work.worker)' on '\(name)'" }
        return kind == .main ? "the main thread" : "'\(name)'"
    }
}
