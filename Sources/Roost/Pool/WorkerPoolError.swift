/// Why a pool did not do what it was asked to.
public struct WorkerPoolError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of refusal it is.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// A stable name.
        public let rawValue: String
        /// Creates a code.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// The bounded queue has no room.
        public static let queueFull = Code(rawValue: "queueFull")
        /// No thread is free right now.
        public static let noFreeThread = Code(rawValue: "noFreeThread")
        /// The pool was closed, or the process is shutting down.
        public static let closed = Code(rawValue: "closed")
        /// A worker of the pool would wait for the pool, and so perhaps for itself.
        public static let waitFromOwnWorker = Code(rawValue: "waitFromOwnWorker")
        /// No thread was reserved.
        public static let nothingReserved = Code(rawValue: "nothingReserved")
    }

    /// What kind of refusal it is.
    public let code: Code
    /// The pool's name.
    public let pool: String
    /// What happened and what to do.
    public let message: String

    public var description: String { "pool '\(pool)': \(message)" }
}

/// What became of a submitted closure.
public enum Admission: Sendable, Hashable {
    /// It will run, unless the queue is cleared before.
    case accepted
    /// It will not run, and was not kept.
    // Indirect: an admission is then one word, and the usual one costs nothing to return.
    indirect case refused(WorkerPoolError)

    /// True when it was accepted.
    public var isAccepted: Bool { self == .accepted }

    var refusal: WorkerPoolError? {
        if case .refused(let error) = self { error } else { nil }
    }
}
