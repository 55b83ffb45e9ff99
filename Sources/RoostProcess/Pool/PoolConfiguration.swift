import Roost

extension ProcessPool {
    /// How a pool is set up.
    public struct Configuration: Sendable {
        /// The pool's name, for lists and messages.
        public var name: String
        /// How many workers it keeps at least, and has at most; never more than ``mostWorkers``.
        public var workers: ClosedRange<Int>
        /// Keeps one worker more than there is work for, ready to take the place of one that crashes.
        public var keepsSpare: Bool
        /// What the workers run.
        public var executable: WorkerExecutable
        /// What each task may use, unless it has limits of its own.
        public var limits: TaskLimits
        /// How a task that was asked to stop is ended when it does not.
        public var stopSteps: [StopStep]
        /// How often a repeatable task is tried in all when workers die of it. Default: 2.
        public var attempts: Int
        /// After how many tasks a worker is replaced; nil for never.
        public var tasksPerWorker: Int?
        /// When its memory has grown by so much, in bytes, a worker is replaced after its task; nil for never.
        public var growthPerWorker: Int?
        /// How long a started program may take until it serves, its setup included; then it is ended. Default: 10 s.
        public var startTimeout: Duration
        /// How long a worker beyond the least number may be idle; nil for ever. Default: 10 s.
        public var idleTimeout: Duration?
        /// Whether a crash comes with the stacks of all threads.
        public var takesBacktraces: Bool
        /// Added to the workers' environment, or taken out of it (nil).
        public var environment: [String: String?]
        /// Where each worker gets a control group of its own, if anywhere.
        public var controlGroups: ControlGroupPolicy
        /// The workers' working directory; nil for the app's.
        public var workingDirectory: String?
        /// The most an encoded task may have, its ``Bytes`` included. Default: 1 GiB.
        public var inputLimit: Int
        /// Called, on a thread of the pool, with each line that a worker prints. By default they go to standard error with the
        /// worker's name before them.
        public var onOutput: (@Sendable (WorkerOutput) -> Void)?

        /// Creates a configuration; by default as many workers as the machine has processors, of the same executable.
        public init(
            name: String = "processes", workers: ClosedRange<Int> = 0...WorkerPool.processorCount,
            executable: WorkerExecutable = .same, limits: TaskLimits = TaskLimits()
        ) {
            self.name = name
            self.workers = workers
            self.executable = executable
            self.limits = limits
            keepsSpare = false
            stopSteps = Self.standardSteps
            attempts = 2
            tasksPerWorker = nil
            growthPerWorker = nil
            startTimeout = .seconds(10)
            idleTimeout = .seconds(10)
            takesBacktraces = true
            environment = [:]
            controlGroups = .whereDelegated
            workingDirectory = nil
            inputLimit = 1 << 30
            onOutput = nil
        }

        /// The most workers that a pool has, whatever its configuration says.
        public static let mostWorkers = 1_000

        /// Asked for half a second, terminated for a quarter, killed: within the two seconds of a window's close.
        public static let standardSteps = [
            StopStep(.ask, wait: .milliseconds(500)), StopStep(.terminate, wait: .milliseconds(250)), StopStep(.kill),
        ]
    }
}

/// What a pool's workers run.
public enum WorkerExecutable: Sendable, Hashable {
    /// The program itself, started again.
    case same
    /// A program beside this one, of this name: a slimmer one, for an app that links a heavy toolkit.
    case sibling(String)
    /// A program by its path.
    case path(String)
}

/// A line that a worker printed.
public struct WorkerOutput: Sendable, Hashable {
    /// Where it was printed.
    public enum Stream: Sendable, Hashable {
        case standardOutput
        case standardError
    }

    /// The pool's name.
    public let pool: String
    /// The worker's process id.
    public let process: Int32
    /// Where it was printed.
    public let stream: Stream
    /// The line, without its end; at most 4,000 bytes of it.
    public let line: String
}
