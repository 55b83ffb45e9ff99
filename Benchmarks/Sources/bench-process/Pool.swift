import BenchSupport
import Roost
import RoostProcess
import Synchronization

/// Something that was measured was not what it should be.
struct Wrong: Error, CustomStringConvertible {
    let what: String
    var description: String { what }
}

/// The pool of every measurement: two workers of this program.
func makePool(workers: Int = 2, _ change: (inout ProcessPool.Configuration) -> Void = { _ in }) throws -> ProcessPool {
    var configuration = ProcessPool.Configuration(name: "bench", workers: workers...workers)
    configuration.takesBacktraces = false
    configuration.onOutput = { _ in }
    change(&configuration)
    return try ProcessPool(configuration)
}

func close(_ pool: ProcessPool) throws {
    _ = try offTheMainActor {
        await pool.close()
        return [:]
    }
}

/// Runs an async measurement off the main actor, and waits for it.
func offTheMainActor(_ body: @escaping @Sendable () async throws -> Values) throws -> Values {
    final class Outcome: Sendable {
        let failure = Mutex<(any Error)?>(nil)
    }
    let outcome = Outcome()
    let values = runBlocking {
        do {
            return try await body()
        } catch {
            outcome.failure.withLock { $0 = error }
            return [:]
        }
    }
    if let failure = outcome.failure.withLock({ $0 }) { throw failure }
    return values
}
