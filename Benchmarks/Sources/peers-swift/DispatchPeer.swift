import BenchSupport
import Dispatch

/// A concurrent queue of one's own. libdispatch gives it as many threads as there are processors; the driver shows it two. A barrier at the
/// end waits for everything before it, cheaper than a group that every item enters and leaves.
struct DispatchPeer: PoolPeer {
    let queue = DispatchQueue(label: "bench", qos: .userInitiated, attributes: .concurrent)
    func submitEmpty() { queue.async {} }
    func submit(_ body: @escaping @Sendable () -> Void) { queue.async(execute: body) }
    func waitUntilDone() { queue.sync(flags: .barrier) {} }

    static func measure(_ name: String, _ counts: Counts) -> Values? {
        name == "stop" ? stop(counts.stops) : DispatchPeer().common(name, counts)
    }

    /// Items that are kept, cancelled one by one.
    static func stop(_ repeats: Int) -> Values {
        let peer = DispatchPeer()
        let group = DispatchGroup()
        var items = [DispatchWorkItem]()
        return StopRound.measure(repeats) { (round: StopRound, running: Bool) -> Void in
            if running { items.removeAll(keepingCapacity: true) }
            let body = running ? round.runningBody : round.queuedBody
            let item = DispatchWorkItem { body() }
            items.append(item)
            peer.queue.async(group: group, execute: item)
        } stop: { round in
            for item in items { item.cancel() }
            round.stopped.set()
        } wait: { _ in
            group.wait()
        }
    }
}
