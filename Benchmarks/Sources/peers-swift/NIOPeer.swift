import BenchSupport
import Dispatch
import NIOPosix
import Synchronization

/// NIOThreadPool cannot say when it is idle: the bodies count themselves, which the others need not.
struct NIOPeer: PoolPeer {
    let pool: NIOThreadPool
    let submitted = Counter()
    let ended = Counter()

    init() {
        pool = NIOThreadPool(numberOfThreads: 2)
        pool.start()
    }
    func submitEmpty() {
        submitted.add()
        pool.submit { [ended] _ in ended.add() }
    }
    func submit(_ body: @escaping @Sendable () -> Void) {
        submitted.add()
        pool.submit { [ended] _ in
            body()
            ended.add()
        }
    }
    func waitUntilDone() { while ended.count < submitted.count { yieldThread() } }

    static func measure(_ name: String, _ counts: Counts) throws -> Values? {
        switch name {
        case "stop": stop(counts.stops)
        case "await": awaited(counts.latency)
        default: NIOPeer().common(name, counts)
        }
    }

    /// The only way to drop what is queued is to end the pool: it is gone afterwards.
    static func stop(_ repeats: Int) -> Values {
        var pool: NIOThreadPool?
        let ended = Gate()
        return StopRound.measure(repeats) { round, running in
            if pool == nil {
                pool = NIOThreadPool(numberOfThreads: 2)
                pool!.start()
            }
            let body = running ? round.runningBody : round.queuedBody
            pool!.submit { state in if case .active = state { body() } }
        } stop: { round in
            pool!.shutdownGracefully { _ in ended.post() }
            round.stopped.set()
        } wait: { _ in
            ended.wait()
            pool = nil
        }
    }

    static func awaited(_ count: Int) -> Values {
        let peer = NIOPeer()
        return measureAwait(count) { _ in try? await peer.pool.runIfActive {} }
    }
}
