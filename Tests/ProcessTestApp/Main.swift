import Glibc
import ProcessTestTasks
import Roost
import RoostProcess

/// An app with a process pool, for the tests that end it from outside. Its workers are this program again.
@main
struct ProcessTestApp {
    static func main() async throws {
        WorkerEntry.serveIfWorker()
        switch CommandLine.arguments.dropFirst().first {
        case "load": try await load()
        case "self-test": print(try await ProcessPool.selfTest())
        default: print("usage: process-test-app load | self-test")
        }
    }

    /// Works until it is killed: tasks of all kinds, children of workers, crashes with backtraces.
    static func load() async throws {
        var configuration = ProcessPool.Configuration(name: "load", workers: 2...4)
        configuration.onOutput = { _ in }
        let pool = try ProcessPool(configuration)
        _ = try await pool.run(LeaveChild(isRunaway: false))
        _ = try await pool.run(LeaveChild(isRunaway: true))
        let bytes = try Bytes(count: 1 << 20) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        print("ready")
        fflush(nil)
        var number = 0
        while true {
            number += 1
            switch number % 5 {
            case 0: _ = try? await pool.run(Crash(.badPointer))
            case 1: pool.start(LeaveChild(isRunaway: number % 2 == 0, milliseconds: 20))
            case 2: pool.start(Work(milliseconds: 30, isStubborn: true))
            case 3: _ = try await pool.run(Brighten(bytes)).count
            default: _ = try await pool.run(Add(number, 1))
            }
        }
    }
}
