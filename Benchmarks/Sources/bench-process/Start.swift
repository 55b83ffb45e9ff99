import BenchSupport
import Roost
import RoostProcess

/// A program's first task, and the end of a pool that does nothing.
enum Start {
    static func measure() throws -> Values {
        try offTheMainActor {
            let begin = now()
            let pool = try makePool()
            _ = try await pool.run(Add(left: 1, right: 2))
            let first = now()
            // Both workers are there and have nothing to do.
            try await Task.sleep(for: .milliseconds(50))
            let idle = now()
            await pool.close()
            let closed = now()
            return [
                "first_at_ns": Double(first), "inside_ms": Double(first - begin) / 1e6,
                "close_ms": Double(closed - idle) / 1e6, "settled_ms": Double(idle - first) / 1e6,
            ]
        }
    }
}
