import BenchSupport
import Glibc
import Roost
import RoostProcess

// Peers/python/processtasks.py has the same tasks: change both together.

/// Nothing but numbers.
struct Add: IsolatedTask {
    var left: Int
    var right: Int

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { left + right }
}

/// A few numbers and a short text, and a text back.
struct Describe: IsolatedTask {
    var number: Int
    var width: Int
    var height: Int
    var name: String

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> String { "\(name) \(number): \(width) × \(height)" }
}

/// Reads every byte and writes another one in its place.
struct Invert: IsolatedTask {
    var bytes: Bytes

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Inverted {
        var sums = Sums()
        let inverted = try Bytes(count: bytes.count) { target in
            bytes.withUnsafeBytes { sums = Sums.ofInverting($0, into: target) }
        }
        return Inverted(bytes: inverted, read: sums.read, written: sums.written)
    }
}

struct Inverted: Codable, Sendable {
    var bytes: Bytes
    var read: UInt64
    var written: UInt64
}

/// Ends its worker at once.
struct Die: IsolatedTask {
    enum Way: String, Codable, Sendable {
        case abort
        case fatalError
    }
    var way: Way

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 {
        switch way {
        case .abort: Glibc.abort()
        case .fatalError: fatalError("as it was asked to")
        }
    }
}

/// The process it ran in.
struct WhereAmI: IsolatedTask {
    var nothing: Int32 = 0

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int32 { getpid() }
}

/// A millisecond of work, or the end of its worker.
struct Neighbour: IsolatedTask {
    var number: Int
    var dies: Bool

    func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        if dies { abort() }
        let end = now() + 1_000_000
        while now() < end {}
        return number
    }
}
