import Glibc
import Roost
import RoostProcess

/// Adds two numbers.
public struct Add: IsolatedTask {
    public var left: Int
    public var right: Int
    public init(_ left: Int, _ right: Int) { (self.left, self.right) = (left, right) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { left + right }
}

/// Gives a text back, with what it was told before it.
public struct Greet: IsolatedTask {
    public var name: String
    public init(_ name: String) { self.name = name }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String { "Hello, \(name)" }
    public var inputDescription: String { "a greeting for \(name)" }
}

/// Gives all its properties back in one text.
public struct Recite: IsolatedTask {
    public var isLoud: Bool
    public var text: String
    public var number: Int
    public var remark: String?
    public init(_ text: String, _ number: Int, remark: String?) {
        (isLoud, self.text, self.number, self.remark) = (number % 2 == 0, text, number, remark)
    }
    public var recited: String { "\(isLoud) \(text) \(number) \(remark ?? "nothing")" }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String { recited }
}

/// An error with a type of its own.
public struct Refusal: Error, Codable, Hashable {
    public var reason: String
    public init(reason: String) { self.reason = reason }
}

/// An error that cannot cross.
struct Unspeakable: Error, CustomStringConvertible {
    var description: String { "unspeakable" }
}

/// Throws.
public struct Refuse: IsolatedTask {
    public var isSpeakable: Bool
    public init(isSpeakable: Bool) { self.isSpeakable = isSpeakable }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> NoOutput {
        if isSpeakable { throw Refusal(reason: "not today") }
        throw Unspeakable()
    }
}

/// Works, checkpoint by checkpoint, for so long; then tells its process.
public struct Work: IsolatedTask {
    public var milliseconds: Int
    public var isStubborn: Bool
    public init(milliseconds: Int, isStubborn: Bool = false) {
        self.milliseconds = milliseconds
        self.isStubborn = isStubborn
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        let end = MonotonicTime.now + .milliseconds(milliseconds)
        if isStubborn { signal(SIGTERM, SIG_IGN) }
        var step = 0
        while MonotonicTime.now < end {
            worker.report(step, of: milliseconds)
            step += 1
            if isStubborn { usleep(1_000) } else { try worker.sleep(for: .milliseconds(1)) }
        }
        return getpid()
    }
}

/// Adds one to every byte.
public struct Brighten: IsolatedTask {
    public var bytes: Bytes
    public init(_ bytes: Bytes) { self.bytes = bytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Bytes {
        try Bytes(count: bytes.count) { target in
            bytes.withUnsafeBytes { source in
                for index in source.indices { target[index] = source[index] &+ 1 }
            }
        }
    }
}

/// Notes its number and its process in a file as it begins and when it is through, works for so long in between, and gives the
/// number back.
public struct Mark: IsolatedTask {
    public var number: Int
    public var log: String
    public var micros: UInt32
    public init(_ number: Int, log: String, micros: UInt32) {
        (self.number, self.log, self.micros) = (number, log, micros)
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        note("begin")
        let end = MonotonicTime.now + .microseconds(Int(micros))
        while MonotonicTime.now < end { try worker.checkpoint() }
        note("end")
        return number
    }

    private func note(_ what: String) {
        let file = open(log, O_WRONLY | O_APPEND | O_CREAT, 0o600)
        let line = Array("\(number) \(what) \(getpid())\n".utf8)
        _ = write(file, line, line.count)
        close(file)
    }

    /// One run of such a task.
    public struct Run: Sendable {
        public let number: Int
        public let process: Int32
        /// It came to its end.
        public let isWhole: Bool
    }

    /// All that began, in the order they did.
    public static func runs(in log: String) -> [Run] {
        let lines = RunLogFile.lines(in: log).map { $0.split(separator: " ") }.filter { $0.count == 3 }
        let ends = Set(lines.filter { $0[1] == "end" }.map { "\($0[0]) \($0[2])" })
        return lines.filter { $0[1] == "begin" }.compactMap { line in
            guard let number = Int(line[0]), let process = Int32(line[2]) else { return nil }
            return Run(number: number, process: process, isWhole: ends.contains("\(line[0]) \(line[2])"))
        }
    }
}

/// Notes its number in a file, and sleeps without a checkpoint.
public struct Doze: IsolatedTask {
    public var number: Int
    public var milliseconds: UInt32
    public var log: String
    public init(_ number: Int, milliseconds: UInt32, log: String) {
        (self.number, self.milliseconds, self.log) = (number, milliseconds, log)
    }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        _ = RunLogFile.note(number, in: log)
        usleep(milliseconds * 1_000)
        return number
    }
}
