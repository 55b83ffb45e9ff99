/// What a task may use at the most; nil for no limit, and a negative one is a limit of nothing. The pool's apply to every task that has
/// none of its own.
public struct TaskLimits: Sendable, Hashable {
    /// How long it may run, pauses included. It is then asked to stop, and its process ended if it does not.
    public var time: Duration?
    /// How much of the processor it may use.
    public var cpuTime: Duration?
    /// How much memory its process may use beyond what it had before its first task, in bytes: its heap, its stacks, and the ``Bytes`` that
    /// it made and the app does not have yet.
    ///
    /// The pool's is also the kernel's limit on the process, which cannot be raised again: the lower of both counts, and a task whose own
    /// is higher has the pool's.
    public var memory: Int?
    /// How many files its process may have open while it runs: those of the worker itself, some five and one for each piece of ``Bytes``
    /// that it has made, among them.
    public var openFiles: Int?
    /// The size of the encoded output, its ``Bytes`` included, in bytes.
    public var output: Int?

    /// Creates limits.
    public init(
        time: Duration? = nil, cpuTime: Duration? = nil, memory: Int? = nil, openFiles: Int? = nil, output: Int? = nil
    ) {
        self.time = time
        self.cpuTime = cpuTime
        self.memory = memory
        self.openFiles = openFiles
        self.output = output
    }

    /// These, and where they say nothing, `other`; never a negative one.
    func filled(with other: TaskLimits) -> TaskLimits {
        TaskLimits(
            time: (time ?? other.time).map { max(.zero, $0) },
            cpuTime: (cpuTime ?? other.cpuTime).map { max(.zero, $0) },
            memory: [memory, other.memory].compactMap { $0 }.min().map { max(0, $0) },
            openFiles: (openFiles ?? other.openFiles).map { max(0, $0) },
            output: (output ?? other.output).map { max(0, $0) })
    }
}

/// One step of ending a task that was asked to stop: what is done, and how long it may take before the next one.
public struct StopStep: Sendable, Hashable {
    /// What is done.
    public enum Action: Sendable, Hashable {
        /// Its flag is set: a task that looks at it ends in order, and its process lives.
        case ask
        /// SIGTERM to its process and all that it started.
        case terminate
        /// SIGKILL to all of them.
        case kill
    }

    /// What is done.
    public let action: Action
    /// How long it is waited for.
    public let wait: Duration

    /// Creates a step.
    public init(_ action: Action, wait: Duration = .zero) {
        self.action = action
        self.wait = wait
    }
}
