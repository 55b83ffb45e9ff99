import Glibc
import ProcessTestNative
import Roost
import RoostProcess

/// Harms nobody: waits for its gate, if it has one, and gives its number back.
public struct Innocent: IsolatedTask {
    public var number: Int
    public var gate: String?
    public init(_ number: Int, gate: String? = nil) { (self.number, self.gate) = (number, gate) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        worker.report(number)
        if let gate {
            while access(gate, F_OK) != 0 { try worker.sleep(for: .milliseconds(1)) }
        }
        return number * 7
    }
}

/// The same with a text.
public struct GreetAt: IsolatedTask {
    public var name: String
    public var gate: String?
    public init(_ name: String, gate: String? = nil) { (self.name, self.gate) = (name, gate) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String {
        if let gate { Gate.wait(gate) }
        return "Hello, \(name)"
    }
}

/// How the worker was built.
public struct HowBuilt: IsolatedTask {
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String {
        #if DEBUG
        return "debug"
        #else
        return "release"
        #endif
    }
}

/// Takes memory and uses it, piece by piece or in one piece.
public struct Grow: IsolatedTask {
    public var mebibytes: Int
    public var isAtOnce: Bool
    public var gate: String?
    public init(mebibytes: Int, isAtOnce: Bool, gate: String? = nil) {
        (self.mebibytes, self.isAtOnce, self.gate) = (mebibytes, isAtOnce, gate)
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        print("growing")
        worker.report(1, of: 2, message: "about to grow")
        try worker.checkpoint()  // here: grow
        if let gate { Gate.wait(gate) }
        return grow()
    }

    @inline(never)
    private func grow() -> Int {
        let piece = isAtOnce ? mebibytes : 1
        for _ in 0..<mebibytes / piece {
            let memory = UnsafeMutableRawPointer.allocate(byteCount: piece << 20, alignment: 16)  // here: alloc
            memset(memory, 1, piece << 20)
        }
        // It has it until somebody looks.
        usleep(10_000_000)
        return mebibytes
    }
}

/// Never ends, and never looks at its flag: busy, or asleep.
public struct Endless: IsolatedTask {
    public var isBusy: Bool
    public var gate: String?
    public init(isBusy: Bool, gate: String? = nil) { (self.isBusy, self.gate) = (isBusy, gate) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        print("endless")
        // Neither asks for it: SIGTERM alone does not end it.
        signal(SIGTERM, SIG_IGN)
        try worker.checkpoint()  // here: endless
        worker.report(Int(getpid()), message: "about to be endless")
        if let gate { Gate.wait(gate) }
        while getppid() > 0 { if !isBusy { usleep(1_000) } }
        return getpid()
    }
}

/// Starts a process that outlives the task, says its id, and then ends in the way it is told.
public struct LeaveChild: IsolatedTask {
    public enum End: String, Codable, Sendable { case returns, crashes, waits }
    public var end: End
    public var gate: String?
    public init(_ end: End, gate: String? = nil) { (self.end, self.gate) = (end, gate) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        print("leaving a child")
        var child: pid_t = 0
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("1000"), nil]
        guard posix_spawn(&child, "/bin/sleep", nil, nil, &arguments, environ) == 0 else {
            throw Refusal(reason: "no child")
        }
        worker.report(Int(child), message: "a child was left")
        try worker.checkpoint()  // here: child
        if let gate { Gate.wait(gate) }
        switch end {
        case .returns: break
        case .crashes: native()
        case .waits: while true { try worker.sleep(for: .seconds(1)) }
        }
        return child
    }

    @inline(never)
    private func native() {
        fatalError("a child is left")
    }
}

/// A large output.
public struct Flood: IsolatedTask {
    public var mebibytes: Int
    public init(mebibytes: Int) { self.mebibytes = mebibytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Bytes {
        try Bytes(count: mebibytes << 20) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
    }
}

/// Reads all of what it gets, and then ends its worker.
public struct ReadAndAbort: IsolatedTask {
    public var bytes: Bytes
    public init(_ bytes: Bytes) { self.bytes = bytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        let sum = bytes.withUnsafeBytes { $0.reduce(0) { $0 &+ Int($1) } }
        if sum >= 0 { abort() }
        return sum
    }
    public var inputDescription: String { "\(bytes.count) bytes" }
}

/// Ends its worker without a word: no update, no checkpoint.
public struct SilentAbort: IsolatedTask {
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        abort()
    }
}

/// Ends its worker with these words.
public struct LastWords: IsolatedTask {
    public var words: String
    public init(_ words: String) { self.words = words }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        let line = words + "\n"
        _ = line.utf8.withContiguousStorageIfAvailable { write(2, $0.baseAddress, $0.count) }
        abort()
    }
}

/// Cannot be encoded.
public struct Unencodable: IsolatedTask {
    public init() {}
    public init(from decoder: any Decoder) throws {}
    public func encode(to encoder: any Encoder) throws { throw Refusal(reason: "it does not travel") }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 1 }
}

/// Cannot be decoded where it arrives.
public struct Undecodable: IsolatedTask {
    public init() {}
    public init(from decoder: any Decoder) throws { throw Refusal(reason: "it does not arrive") }
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode("x")
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 1 }
}

/// Gives back what cannot be encoded.
public struct GiveUnencodable: IsolatedTask {
    public struct Output: Codable, Sendable {
        public func encode(to encoder: any Encoder) throws { throw Refusal(reason: "it does not come back") }
    }
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Output { Output() }
}

/// Gives back what cannot be decoded where it arrives.
public struct GiveUndecodable: IsolatedTask {
    public struct Output: Codable, Sendable {
        public init() {}
        public init(from decoder: any Decoder) throws { throw Refusal(reason: "it cannot be read") }
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode("x")
        }
    }
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Output { Output() }
}

/// Counts the length of a text.
public struct CountText: IsolatedTask {
    public var text: String
    public init(_ text: String) { self.text = text }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { text.utf8.count }
}

/// Makes a pool where none may be, and says why not.
public struct PoolInside: IsolatedTask {
    public var isCaught: Bool
    public init(isCaught: Bool) { self.isCaught = isCaught }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String {
        guard isCaught else {
            _ = try ProcessPool()
            return "there was a pool"
        }
        do {
            _ = try ProcessPool()
            return "there was a pool"
        } catch let error as ProcessPoolError { return error.code.description }
    }
}

/// Settings of a worker.
public struct Settings: WorkerSetup {
    public var text: String
    public var log: String
    public var end: End
    public enum End: String, Codable, Sendable { case isReady, isLate, leaves, throwsIt, crashes }
    public init(_ text: String, log: String, end: End = .isReady) { (self.text, self.log, self.end) = (text, log, end) }

    static let current = Locked("")

    public func prepare() throws {
        _ = RunLogFile.note(1, in: log)
        switch end {
        case .isReady: Self.current.withLock { $0 = text }
        case .isLate: usleep(1_300_000)
        case .leaves: exit(3)
        case .throwsIt: throw Refusal(reason: text)
        case .crashes: fatalError(text)
        }
    }
}

/// What the settings of its worker say.
public struct ReadSettings: IsolatedTask {
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String { Settings.current.withLock { $0 } }
}

/// Counts its steps in a file's length, so that another process sees each of them, until it is stopped or has made enough.
public struct Steps: IsolatedTask {
    public var log: String
    public var count: Int
    public init(log: String, count: Int) { (self.log, self.count) = (log, count) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        let file = open(log, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        defer { close(file) }
        for step in 0..<count {
            try worker.sleep(for: .milliseconds(1))
            _ = write(file, ".", 1)
            worker.report(step)
        }
        return count
    }
}

/// Gives its output, and then never lets go of its input.
public struct HangInTheEnd: IsolatedTask {
    final class Clinging: Codable, Sendable {
        deinit { while WorkerEntry.isWorker { usleep(100_000) } }
    }
    let clinging: Clinging
    public init() { clinging = Clinging() }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { 1 }
}

/// What a variable of its worker's environment is.
public struct ReadVariable: IsolatedTask {
    public var name: String
    public init(_ name: String) { self.name = name }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// Comes back twice: once in its worker, and once in a copy of it.
public struct ForkAndReturn: IsolatedTask {
    public var throwsInCopy: Bool
    public init(throwsInCopy: Bool) { self.throwsInCopy = throwsInCopy }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Bool {
        let isCopy = native_fork() == 0
        if isCopy, throwsInCopy { throw Refusal(reason: "no program to run") }
        return isCopy
    }
}

/// Closes every descriptor but the standard ones, as a careless daemon does.
public struct CloseEverything: IsolatedTask {
    public init() {}
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        for number in 3..<Int32(256) { close(number) }
        return getpid()
    }
}

/// Opens so many files at once, and says how many it got.
public struct OpenMany: IsolatedTask {
    public var count: Int
    public init(_ count: Int) { self.count = count }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        var files: [Int32] = []
        defer { for file in files { close(file) } }
        while files.count < count {
            let file = open("/dev/null", O_RDONLY)
            guard file >= 0 else { break }
            files.append(file)
        }
        return files.count
    }
}

/// Ends its worker once its gate is open, and may be tried again. The app is told when it looks into that.
public struct CrashWatched: IsolatedTask {
    public var log: String
    public var gate: String
    public init(log: String, gate: String) { (self.log, self.gate) = (log, gate) }
    public static var isRepeatable: Bool { true }
    /// Called in the app, when it wants to know what the task worked on.
    package static let whenLookedInto = Locked<(@Sendable () -> Void)?>(nil)
    public var inputDescription: String {
        Self.whenLookedInto.withLock { $0 }?()
        return "a crash"
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        Gate.wait(gate)
        if RunLogFile.note(1, in: log) == 1 { abort() }
        return worker.attempt
    }
}

/// Gives what the app decodes only once a gate is open.
public struct GiveGated: IsolatedTask {
    public struct Output: Codable, Sendable {
        public var gate: String
        public init(gate: String) { self.gate = gate }
        public init(from decoder: any Decoder) throws {
            gate = try decoder.singleValueContainer().decode(String.self)
            Gate.wait(gate)
        }
        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(gate)
        }
    }
    public var gate: String
    public init(gate: String) { self.gate = gate }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Output { Output(gate: gate) }
}
