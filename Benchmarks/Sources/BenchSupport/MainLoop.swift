import CBench
import Glibc

/// The main thread of an app with a window: waits for what comes, at most a millisecond, and serves libdispatch's main queue the way a
/// toolkit's loop does. The longest time between two turns is what a user would feel.
@MainActor public struct MainLoop {
    public private(set) var longestGap = 0.0
    public init() {}

    public mutating func serve(until done: Flag) {
        let handle = _dispatch_get_main_queue_handle_4CF()
        var turn = now()
        while !done.isSet {
            var descriptor = pollfd(fd: handle, events: Int16(POLLIN), revents: 0)
            if poll(&descriptor, 1, 1) > 0 {
                var count: UInt64 = 0
                _ = read(handle, &count, 8)  // the callback does not consume it
                _dispatch_main_queue_callback_4CF(nil)
            }
            let next = now()
            longestGap = max(longestGap, Double(next - turn) / 1e6)
            turn = next
        }
    }
}

/// One million updates from another thread to a receiver on the main actor.
@MainActor public func measureFlood(
    _ count: Int, receive: Receiver, produce: @escaping @Sendable (Int) -> Void
) -> Values {
    let before = Memory.resident
    let times = FloodTimes()
    let join = startThread {
        usleep(20_000)
        times.begin = now()
        produce(count)
        times.produced = now()
    }
    var loop = MainLoop()
    loop.serve(until: receive.done)
    let end = now()
    join()
    return [
        "ns": Double(times.produced - times.begin) / Double(count), "total_ms": Double(end - times.begin) / 1e6,
        "gap_ms": loop.longestGap, "growth_mb": (Memory.peak - before) / 1024, "received": Double(receive.received),
    ]
}

final class FloodTimes: @unchecked Sendable {  // proof: written by the producer, read after it was joined
    var begin: UInt64 = 0
    var produced: UInt64 = 0
}

/// Shows a value, which takes it two microseconds (a label takes longer); sets `done` when the last one has come.
@MainActor public final class Receiver {
    nonisolated public let done = Flag()
    public private(set) var received = 0
    private let last: Int
    public init(count: Int) { last = count - 1 }
    public func receive(_ value: Int) {
        received += 1
        let end = now() + 2_000
        while now() < end {}
        if value == last { done.set() }
    }
}
