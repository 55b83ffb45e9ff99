/// How urgent a worker is among those that wait: a higher one starts first, equals in the order they came.
///
/// It decides the order in the queue, not the operating system's scheduling of a running body.
public struct WorkerPriority: RawRepresentable, Comparable, Hashable, Sendable, Codable {
    /// From 0 (last) to 4 (first).
    public let rawValue: UInt8

    /// Creates a priority; values past 4 are taken as 4.
    public init(rawValue: UInt8) {
        self.rawValue = min(rawValue, 4)
    }

    /// After everything else.
    public static let background = WorkerPriority(rawValue: 0)
    /// After normal work.
    public static let low = WorkerPriority(rawValue: 1)
    /// The default.
    public static let normal = WorkerPriority(rawValue: 2)
    /// Before normal work.
    public static let high = WorkerPriority(rawValue: 3)
    /// Before everything else.
    public static let urgent = WorkerPriority(rawValue: 4)

    public static func < (left: WorkerPriority, right: WorkerPriority) -> Bool { left.rawValue < right.rawValue }
}

/// What can be said about a worker beside its name and its body.
public struct WorkerOptions: Sendable {
    /// Its place among those that wait. Default: normal.
    public var priority: WorkerPriority
    /// How long its body may run before it is asked to stop; it then ends as timed out. Default: no limit.
    public var timeLimit: Duration?
    /// How many sent values may wait for a receiver before `send` waits. Default: 64.
    public var sendBuffer: Int
    /// Where it goes. Default: it is queued. `tryStart` and `startOnReservedThread` say it themselves.
    public var placement: Placement

    /// Where a new worker goes.
    public enum Placement: Sendable {
        /// It waits its turn.
        case queued
        /// It begins now or not at all: without a free thread, or a place within its scope's limit, it fails with
        /// ``WorkerPoolError``.
        case onlyIfThreadIsFree
        /// It takes the place of a thread reserved before, ahead of everything queued; with none reserved, or no place
        /// within its scope's limit, it fails with ``WorkerPoolError``.
        case onReservedThread
    }

    /// Creates options.
    public init(
        priority: WorkerPriority = .normal, timeLimit: Duration? = nil, sendBuffer: Int = 64,
        placement: Placement = .queued
    ) {
        self.priority = priority
        self.timeLimit = timeLimit
        self.sendBuffer = sendBuffer
        self.placement = placement
    }
}

/// A worker as a list shows it: what it is, how far in its life, and for how long.
public struct WorkerInfo: Sendable, Hashable {
    /// The worker's name.
    public let name: String
    /// The name of its scope.
    public let scope: String
    /// Where it is in its life.
    public let state: WorkerState
    /// Its priority.
    public let priority: WorkerPriority
    /// How long it waited, or has waited so far, for a thread.
    public let queuedFor: Duration
    /// How long its body ran, or has run so far; zero before it began.
    public let ranFor: Duration
    /// The thread it runs on; nil while it waits, and for async bodies.
    public let thread: String?
    /// Where it passed its last checkpoint.
    public let lastCheckpoint: CallSite?
}
