import Roost

/// Why a pool could not run a task. (What a task threw is thrown as it is; a worker that died is a ``TaskCrash``.)
public struct ProcessPoolError: Error, Sendable, CustomStringConvertible {
    /// What kind of failure it is.
    public struct Code: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The worker's executable has no such task type, or no program could find it: it is private, or local to a function.
        public static let unknownTask = Code(description: "unknown task")
        /// The task could not be encoded.
        public static let inputNotEncodable = Code(description: "input not encodable")
        /// The worker could not decode the task: the two executables are not of one version.
        public static let inputNotDecodable = Code(description: "input not decodable")
        /// The encoded task is larger than the pool allows.
        public static let inputTooLarge = Code(description: "input too large")
        /// The output could not be encoded.
        public static let outputNotEncodable = Code(description: "output not encodable")
        /// The output could not be decoded.
        public static let outputNotDecodable = Code(description: "output not decodable")
        /// The output is larger than the limit allows.
        public static let outputTooLarge = Code(description: "output too large")
        /// No worker could be started.
        public static let cannotStartWorker = Code(description: "cannot start a worker")
        /// The executable does not serve tasks: nothing in it calls ``WorkerEntry/serveIfWorker()`` in time.
        public static let noWorkerEntry = Code(description: "no worker entry")
        /// The setup of the workers failed.
        public static let setupFailed = Code(description: "setup failed")
        /// A pool was made inside a worker.
        public static let insideWorker = Code(description: "inside a worker")
        /// The pool takes no more tasks.
        public static let closed = Code(description: "closed")
        /// Memory, descriptors or another means of the system are used up. (The limit of file sizes, `ulimit -f`, holds for shared memory, too.)
        public static let systemLimit = Code(description: "system limit")
        /// What came from a worker cannot be.
        public static let protocolBroken = Code(description: "protocol broken")
    }

    /// What kind of failure it is.
    public let code: Code
    /// What happened, to what, and what to do.
    public let message: String
    /// What it came from, where something else failed first.
    public let underlying: (any Error)?

    init(_ code: Code, _ message: String, underlying: (any Error)? = nil) {
        self.code = code
        self.message = message
        self.underlying = underlying
    }

    static func broken(_ what: String) -> ProcessPoolError {
        ProcessPoolError(.protocolBroken, "a frame of the connection to a worker is wrong: \(what)")
    }

    public var description: String { underlying.map { "\(message) (\($0))" } ?? message }
}

/// An error that a task threw and whose type this program does not know, or that cannot be encoded: in words.
public struct RemoteError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The name of its type.
    public let type: String
    /// How it described itself.
    public let text: String

    public var description: String { text.isEmpty ? type : text }
}
