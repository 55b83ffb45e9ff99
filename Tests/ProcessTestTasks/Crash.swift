import Glibc
import ProcessTestNative
import Roost
import RoostProcess

/// Ends its worker, in one of many ways, once it may.
public struct Crash: IsolatedTask {
    public enum Way: String, Codable, Sendable, CaseIterable {
        case indexOutOfRange, nilValue, overflow, fatal, badPointer, abort, exclusivity, stackOverflow
        case threadOverflow, bareThreadOverflow, cxxException, eightThreads
        case exitZero, exitThree, kill
        case divisionByZero, cast, precondition, debuggerTrap, sentSignal, noMemory, afterACopy
    }
    public var way: Way
    /// The file that it waits for; nil for at once.
    public var gate: String?
    public init(_ way: Way, gate: String? = nil) { (self.way, self.gate) = (way, gate) }

    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        print("crashing by \(way)")
        worker.report(1, of: 2, message: "about to crash")
        try worker.checkpoint()  // here: checkpoint
        if let gate { Gate.wait(gate) }
        return Crashing.perform(way)
    }

    public var inputDescription: String { "a crash by \(way)" }
}

/// Each way in a function of its own, which its backtrace names; "here" marks the line.
public enum Crashing {
    /// Ends the process, or returns a number that nobody needs.
    public static func perform(_ way: Crash.Way) -> Int {
        // Nothing that a compiler can know.
        let zero = Int(getppid()) > 0 ? 0 : 1
        switch way {
        case .indexOutOfRange: return readIndex(3 + zero)
        case .nilValue: return readNil(zero == 0 ? nil : 1)
        case .overflow: return addTooMuch(Int.max - zero)
        case .fatal: stopWithText()
        case .badPointer: return readBadPointer(0x10 + zero)
        case .abort:
            native_abort()
            return 0
        case .exclusivity: return conflict()
        case .stackOverflow: return deep(zero)
        case .threadOverflow:
            native_overflow_on_thread(1)
            return 0
        case .bareThreadOverflow:
            native_overflow_on_thread(0)
            return 0
        case .cxxException:
            native_throw()
            return 0
        case .eightThreads:
            native_at_once(8) { _ = Crashing.readIndex(3) }
            return 0
        case .exitZero: exit(0)
        case .exitThree: _exit(3)
        case .kill:
            Glibc.kill(getpid(), SIGKILL)
            return 0
        case .divisionByZero: return divide(12, zero)
        case .cast: return cast(zero == 0 ? "a text" : 12)
        case .precondition:
            demand(zero)
            return 0
        case .debuggerTrap: return stopForDebugger()
        case .noMemory:
            var limit = rlimit(rlim_cur: 1 << 30, rlim_max: 1 << 30)
            setrlimit(__rlimit_resource_t(UInt32(RLIMIT_DATA.rawValue)), &limit)
            native_write_without_asking(2 << 30)
            return 0
        case .afterACopy:
            let copy = native_fork()
            if copy == 0 { native_abort() }
            var status: Int32 = 0
            waitpid(copy, &status, 0)
            return readIndex(3 + zero)
        case .sentSignal:
            Glibc.kill(getpid(), SIGSEGV)
            return 0
        }
    }

    @inline(never)
    static func divide(_ number: Int, _ by: Int) -> Int {
        number / by  // here: divisionByZero
    }

    @inline(never)
    static func cast(_ value: Any) -> Int {
        value as! Int  // here: cast
    }

    @inline(never)
    static func demand(_ number: Int) {
        precondition(number > 0, "the number is too small")  // here: precondition
    }

    @inline(never)
    static func stopForDebugger() -> Int {
        native_debugger_trap()  // here: debuggerTrap
        return 7
    }

    @inline(never)
    static func readIndex(_ index: Int) -> Int {
        let numbers = [1, 2, 3]
        return numbers[index]  // here: indexOutOfRange eightThreads afterACopy
    }

    @inline(never)
    static func readNil(_ number: Int?) -> Int {
        number!  // here: nilValue
    }

    @inline(never)
    static func addTooMuch(_ number: Int) -> Int {
        number + 1  // here: overflow
    }

    @inline(never)
    static func stopWithText() -> Never {
        fatalError("the roof is gone")  // here: fatal
    }

    @inline(never)
    static func readBadPointer(_ address: Int) -> Int {
        UnsafePointer<Int>(bitPattern: address)!.pointee  // here: badPointer
    }

    @inline(never)
    static func conflict() -> Int {
        let box = Box()
        box.conflict()
        return box.value
    }

    @inline(never)
    static func deep(_ number: Int) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { buffer in
            buffer[0] = number
            return deep(number + 1) + buffer[0]  // here: stackOverflow
        }
    }
}

private final class Box {
    var value = 0

    @inline(never)
    func conflict() {
        change(&value) { self.value += 1 }  // here: exclusivity
    }

    @inline(never)
    private func change(_ value: inout Int, _ body: () -> Void) {
        value += 1
        body()
    }
}

/// Gives its number back, or ends its worker.
public struct CrashIf: IsolatedTask {
    public var number: Int
    public var crashes: Bool
    public init(number: Int, crashes: Bool) { (self.number, self.crashes) = (number, crashes) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        if crashes { abort() }
        return number
    }
}

/// Crashes the first time it runs, if it is told to, whatever it is told about the attempt; notes each run in a file.
public struct CrashOnce: IsolatedTask {
    public var number: Int
    public var crashes: Int
    public var log: String
    public init(_ number: Int, crashes: Int, log: String) {
        (self.number, self.crashes, self.log) = (number, crashes, log)
    }
    public static var isRepeatable: Bool { true }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        if RunLogFile.note(number, in: log) <= crashes { abort() }
        return worker.attempt
    }
}

/// Notes its number in a file, and then gives a text of so many bytes, throws, or ends its worker. (Its output is encoded.)
public struct GiveText: IsolatedTask {
    public enum Way: String, Codable, Sendable {
        case returns, throwsError, crashes
    }
    public var number: Int
    public var size: Int
    public var way: Way
    public var log: String
    public init(_ number: Int, size: Int = 8, _ way: Way = .returns, log: String) {
        (self.number, self.size, self.way, self.log) = (number, size, way, log)
    }

    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String {
        _ = RunLogFile.note(number, in: log)
        switch way {
        case .returns: return String(repeating: "\(number % 10)", count: size)
        case .throwsError: throw Refusal(reason: "\(number)")
        case .crashes: abort()
        }
    }
}
