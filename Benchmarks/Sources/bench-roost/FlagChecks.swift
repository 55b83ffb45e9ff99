import BenchSupport
import Roost

/// One look at a stop flag from inside a worker.
enum FlagChecks {
    static func token(_ count: Int) -> Values {
        inWorker { worker in
            let token = worker.token
            return flagLoop(count) { token.isStopped }
        }
    }

    static func worker(_ count: Int) -> Values {
        inWorker { worker in flagLoop(count) { worker.isStopped } }
    }

    static func checkpoint(_ count: Int) -> Values {
        inWorker { worker in
            try flagLoop(count) {
                try worker.checkpoint()
                return false
            }
        }
    }

    private static func inWorker(_ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Values) -> Values
    {
        let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: 2))
        let scope = WorkerScope("bench", pool: pool)
        return runBlocking {
            do {
                return try await scope.start("w") { worker in try body(worker) }.value
            } catch {
                fatalError("\(error)")
            }
        }
    }
}
