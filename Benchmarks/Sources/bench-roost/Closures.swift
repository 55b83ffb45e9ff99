import BenchSupport
import Roost

/// `pool.submit`: no name, no ending.
struct Closures: PoolPeer {
    let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: 2))

    func submitEmpty() { pool.submit {} }
    func submit(_ body: @escaping @Sendable () -> Void) { pool.submit(body) }
    func waitUntilDone() { pool.waitOrFail() }

    func stop(_ repeats: Int) -> Values {
        StopRound.measure(repeats) { round, running in
            pool.submit(running ? round.runningBody : round.queuedBody)
        } stop: { round in
            pool.clear()
            round.stopped.set()
        } wait: { _ in
            waitUntilDone()
        }
    }
}

extension WorkerPool {
    func waitOrFail() {
        do {
            guard try waitForDone(within: .seconds(60)) else { fatalError("the pool is not done after 60 s") }
        } catch {
            fatalError("waitForDone: \(error)")
        }
    }
}
