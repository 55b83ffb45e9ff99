import CRoostPlatform

/// A pool's thread as a list shows it.
public struct ThreadInfo: Sendable, Hashable {
    /// What a thread does.
    public enum Doing: Sendable, Hashable {
        /// It waits for work.
        case idle
        /// It runs a worker.
        case worker(WorkerInfo)
        /// It runs a plain closure, for this long (within 10 ms).
        case closure(for: Duration)
        /// It runs a piece of an async body.
        case asyncBodies
    }

    /// The thread's name; the system shows its first 15 bytes.
    public let name: String
    /// What it does.
    public let doing: Doing
    /// Its worker ended as abandoned while the body still ran; another thread took its place.
    public let isAbandoned: Bool
}

/// The operating system's scheduling priority of a pool's threads, as a nice value.
///
/// Raising it above normal needs a privilege; without it the threads stay at normal.
public struct ThreadPriority: Hashable, Sendable {
    /// From -20 (most favoured) to 19 (least).
    public let nice: Int32

    /// Creates a priority; values outside -20...19 are clamped.
    public init(nice: Int32) {
        self.nice = min(19, max(-20, nice))
    }

    /// Runs when nothing else wants to.
    public static let background = ThreadPriority(nice: 19)
    /// Behind what a person waits for.
    public static let utility = ThreadPriority(nice: 10)
    /// The process's own.
    public static let normal = ThreadPriority(nice: 0)
}

extension WorkerPool {
    /// The processors this process may use (its affinity mask), at least 1.
    public static var processorCount: Int { Int(roost_processor_count()) }
}
