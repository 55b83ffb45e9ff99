import BenchSupport
import Foundation

// proof: OperationQueue is documented as safe between threads.
struct OperationQueuePeer: PoolPeer, @unchecked Sendable {
    let queue = OperationQueue()
    init() { queue.maxConcurrentOperationCount = 2 }
    func submitEmpty() { queue.addOperation {} }
    func submit(_ body: @escaping @Sendable () -> Void) { queue.addOperation(body) }
    func waitUntilDone() { queue.waitUntilAllOperationsAreFinished() }

    static func stop(_ repeats: Int) -> Values {
        let peer = OperationQueuePeer()
        return StopRound.measure(repeats) { round, running in
            peer.submit(running ? round.runningBody : round.queuedBody)
        } stop: { round in
            peer.queue.cancelAllOperations()
            round.stopped.set()
        } wait: { _ in
            peer.waitUntilDone()
        }
    }
}

@main struct PeersFoundation {
    @MainActor static func main() {
        benchmarkMain { peer, name, counts in
            guard peer == "operationqueue" else { return nil }
            return name == "stop" ? OperationQueuePeer.stop(counts.stops) : OperationQueuePeer().common(name, counts)
        }
    }
}
