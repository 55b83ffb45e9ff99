import BenchSupport
import Roost
import RoostProcess

/// Many small tasks: one after the other, and all at once.
enum Small {
    /// From the submit to the result, awaited off the main actor.
    static func latency<T: IsolatedTask>(_ count: Int, _ task: @escaping @Sendable (Int) -> T) throws -> Values {
        try offTheMainActor {
            let pool = try makePool()
            var micros = [Double]()
            micros.reserveCapacity(count)
            for i in -500..<count {
                let begin = now()
                _ = try await pool.run(task(i))
                if i >= 0 { micros.append(Double(now() - begin) / 1e3) }
            }
            await pool.close()
            return tripValues(micros)
        }
    }

    /// The same from a plain thread that blocks.
    static func blockingLatency<T: IsolatedTask>(_ count: Int, _ task: @escaping @Sendable (Int) -> T) throws -> Values
    {
        let pool = try makePool()
        var micros = [Double]()
        micros.reserveCapacity(count)
        for i in -500..<count {
            let begin = now()
            let ending = try pool.start(task(i)).waitForEnding()
            if i >= 0 { micros.append(Double(now() - begin) / 1e3) }
            guard case .finished? = ending else {
                throw Wrong(what: "task \(i): \(ending.map { "\($0)" } ?? "no ending")")
            }
        }
        try close(pool)
        return tripValues(micros)
    }

    /// All are started, then all are awaited.
    static func throughput<T: IsolatedTask>(
        _ count: Int, _ task: @escaping @Sendable (Int) -> T, _ isRight: @escaping @Sendable (Int, T.Output) -> Bool
    ) throws -> Values {
        try offTheMainActor {
            let pool = try makePool()
            for i in 0..<500 { _ = try await pool.run(task(i)) }
            let begin = now()
            let handles = (0..<count).map { pool.start(task($0)) }
            for (i, handle) in handles.enumerated() {
                guard isRight(i, try await handle.value) else { throw Wrong(what: "the result of task \(i)") }
            }
            let took = now() - begin
            await pool.close()
            return ["rate": Double(count) / Double(took) * 1e9]
        }
    }

    /// All in chunks of 256, their results in the order of the tasks.
    static func map<T: IsolatedTask>(
        _ count: Int, _ task: @escaping @Sendable (Int) -> T, _ isRight: @escaping @Sendable (Int, T.Output) -> Bool
    ) throws -> Values {
        try offTheMainActor {
            let pool = try makePool()
            for i in 0..<500 { _ = try await pool.run(task(i)) }
            let tasks = (0..<count).map(task)
            var number = 0
            let begin = now()
            for await (_, result) in try pool.map(tasks, chunk: .count(256)) {
                guard isRight(number, try result.get()) else { throw Wrong(what: "the result of task \(number)") }
                number += 1
            }
            let took = now() - begin
            guard number == count else { throw Wrong(what: "\(number) results of \(count)") }
            await pool.close()
            return ["rate": Double(count) / Double(took) * 1e9]
        }
    }

    private static func tripValues(_ micros: [Double]) -> Values {
        let sorted = micros.sorted()
        return ["us": sorted[sorted.count / 2], "p95_us": sorted[sorted.count * 95 / 100]]
    }
}
