/// Every thread of this process at one moment: whose it is, what it does, what it waits for, where in the code it is.
///
/// A pure value. ``description`` is for a terminal. What the threads do goes on while they are asked: two of them may not have been seen
/// at the very same instant.
public struct ThreadCensus: Sendable, Hashable, Codable {
    /// The process.
    public var process: Int32
    /// When, in seconds since 1970.
    public var takenAt: Int64
    /// How long it took.
    public var took: Duration
    /// The threads, the main one first and the others in the order in which they began.
    public var threads: [ThreadRecord]
    /// What was not to be had, in words; nil when nothing is missing.
    public var problem: String?

    /// The thread with an id.
    public func thread(_ id: Int32) -> ThreadRecord? { threads.first { $0.id == id } }
}

extension ThreadCensus {
    /// Which threads are asked for their stacks. To answer, a thread is interrupted by a signal.
    public enum Interrupting: String, Sendable, Hashable, Codable {
        /// None: what the kernel says must do.
        case never
        /// Those that run, and those in a system call that goes on by itself after a signal. A thread that sleeps, polls or waits with a time
        /// limit is not disturbed and has no stack. A thread that enters such a call in the very moment in which it is asked may still see it
        /// end early.
        case onlyRestartable
        /// All: a call that does not go on by itself ends early, with `EINTR`. For a program that is about to end, or on demand.
        case all
    }

    /// How a census is taken.
    public struct Options: Sendable, Hashable {
        /// How long threads have to answer, in all; at most a minute. One that runs with `SIGPROF` blocked has a quarter of what is left to let it in, 25 ms at
        /// most.
        public var wait: Duration
        /// Which threads are asked for their stacks.
        public var interrupting: Interrupting
        /// The threads to look at; nil for all.
        public var threads: Set<Int32>?
        /// Whether functions, files and lines are looked up; without it a stack has addresses.
        public var names: Bool

        /// Creates options.
        public init(
            wait: Duration = .milliseconds(100), interrupting: Interrupting = .all, threads: Set<Int32>? = nil,
            names: Bool = true
        ) {
            self.wait = wait
            self.interrupting = interrupting
            self.threads = threads
            self.names = names
        }
    }

    /// Takes a census of this process. Blocks the caller, for `options.wait` at most and the time that looking up names takes; on any thread.
    ///
    /// Never fails: a thread that does not answer is listed without its stack, with the reason. Of several at once one works, the others wait for
    /// it within their time and are left without stacks if that does not suffice.
    public static func take(_ options: Options = Options()) -> ThreadCensus {
        CensusTaker(options).take()
    }
}
