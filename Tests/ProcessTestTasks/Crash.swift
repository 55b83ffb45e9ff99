import Glibc
import Roost
import RoostProcess

/// Ends its worker, in one of many ways.
public struct Crash: IsolatedTask {
    public enum Way: String, Codable, Sendable, CaseIterable {
        case indexOutOfRange, nilValue, overflow, fatal, badPointer, abort, exclusivity, stackOverflow
        case exitZero, exitThree, kill
    }
    public var way: Way
    public init(_ way: Way) { self.way = way }

    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        worker.report(1, of: 2, message: "about to crash")
        try worker.checkpoint()
        return Crashing.perform(way)
    }
}

enum Crashing {
    static func perform(_ way: Crash.Way) -> Int {
        let zero = Int(getppid()) > 0 ? 0 : 1
        switch way {
        case .indexOutOfRange: return [1, 2, 3][3 + zero]
        case .nilValue:
            let none: Int? = zero == 0 ? nil : 1
            return none!
        case .overflow: return Int.max - zero + 1 - 2 * zero
        case .fatal: fatalError("the roof is gone")
        case .badPointer: return UnsafePointer<Int>(bitPattern: 0x10 + zero)!.pointee
        case .abort: Glibc.abort()
        case .exclusivity:
            let box = Box()
            box.conflict()
            return box.value
        case .stackOverflow: return deep(zero)
        case .exitZero: exit(0)
        case .exitThree: _exit(3)
        case .kill:
            Glibc.kill(getpid(), SIGKILL)
            return 0
        }
    }

    @inline(never)
    static func deep(_ number: Int) -> Int {
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 64) { buffer in
            buffer[0] = number
            return deep(number + 1) + buffer[0]
        }
    }
}

private final class Box {
    var value = 0

    func conflict() {
        change(&value) { self.value += 1 }
    }

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
