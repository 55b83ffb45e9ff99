import BenchSupport
import Glibc
import Roost
import RoostProcess

/// What a crash costs whoever waits for it, and whoever else has a task in the pool.
enum Crashes {
    /// One worker, so that the next result is that of a new one (or of the spare).
    static func recovery(_ repeats: Int, _ way: Die.Way, backtraces: Bool, spare: Bool) throws -> Values {
        try offTheMainActor {
            let pool = try makePool(workers: 1) {
                $0.takesBacktraces = backtraces
                $0.keepsSpare = spare
            }
            var errors = [Double]()
            var nexts = [Double]()
            for _ in 0..<repeats {
                _ = try await pool.run(WhereAmI())
                // Everything has settled, and a spare is there if there is to be one.
                try await Task.sleep(for: .milliseconds(100))
                var victim: Int32 = 0
                let begin = now()
                do {
                    _ = try await pool.run(Die(way: way))
                    throw Wrong(what: "it did not die")
                } catch let crash as TaskCrash {
                    victim = crash.process
                }
                let failed = now()
                let next = try await pool.run(WhereAmI())
                let recovered = now()
                guard next != victim else { throw Wrong(what: "the dead worker has worked") }
                errors.append(Double(failed - begin) / 1e6)
                nexts.append(Double(recovered - failed) / 1e6)
            }
            await pool.close()
            return ["error_ms": errors.median, "next_ms": nexts.median, "worst_ms": errors.max() ?? 0]
        }
    }

    /// 100 tasks, three of which abort: what becomes of the other 97, within ten seconds.
    static func neighbours() throws -> Values {
        let pool = try makePool()
        let warm = try pool.start(Add(left: 1, right: 2)).waitForEnding()
        guard case .finished? = warm else { throw Wrong(what: "the pool did not start") }
        let dying: Set = [10, 50, 90]
        let begin = now()
        let handles = (0..<100).map { pool.start(Neighbour(number: $0, dies: dying.contains($0))) }
        var finished = 0
        var failed = 0
        var missing = 0
        var reported = 0
        for (number, handle) in handles.enumerated() {
            let left = max(0, 10_000_000_000 - Int(now() - begin))
            let ending = try handle.waitForEnding(within: .nanoseconds(left))
            switch (ending, dying.contains(number)) {
            case (.finished?, false): finished += 1
            case (nil, false): missing += 1
            case (_, false): failed += 1
            case (.crashed?, true): reported += 1
            default: break
            }
        }
        let took = now() - begin
        try close(pool)
        return [
            "ms": Double(took) / 1e6, "finished": Double(finished), "failed": Double(failed),
            "missing": Double(missing), "reported": Double(reported),
        ]
    }
}
