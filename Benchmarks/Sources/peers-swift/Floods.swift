import BenchSupport
import Dispatch
import Synchronization

/// What people write to show a worker's progress on the main actor.
@MainActor enum Floods {
    static func measure(_ name: String, _ counts: Counts) -> Values? {
        let receiver = Receiver(count: counts.flood)
        switch name {
        case "flood-task":
            return measureFlood(counts.flood, receive: receiver) { count in
                for i in 0..<count { Task { @MainActor in receiver.receive(i) } }
            }
        case "flood-dispatch":
            return measureFlood(counts.flood, receive: receiver) { count in
                for i in 0..<count { DispatchQueue.main.async { receiver.receive(i) } }
            }
        case "flood-stream":
            let (stream, continuation) = AsyncStream.makeStream(of: Int.self, bufferingPolicy: .bufferingNewest(1))
            Task { for await value in stream { receiver.receive(value) } }
            return measureFlood(counts.flood, receive: receiver) { count in
                for i in 0..<count { continuation.yield(i) }
            }
        case "flood-hand":
            let box = NewestBox()
            return measureFlood(counts.flood, receive: receiver) { count in
                for i in 0..<count { box.report(i) { receiver.receive($0) } }
            }
        default: return nil
        }
    }
}

/// Conflation by hand, for one Int: the newest value, and at most one hop pending.
final class NewestBox: Sendable {
    private let newest = Atomic<Int>(0)
    private let pending = Atomic<Bool>(false)
    func report(_ value: Int, _ receive: @escaping @MainActor @Sendable (Int) -> Void) {
        newest.store(value, ordering: .releasing)
        guard !pending.exchange(true, ordering: .acquiringAndReleasing) else { return }
        DispatchQueue.main.async {
            _ = self.pending.exchange(false, ordering: .acquiringAndReleasing)
            receive(self.newest.load(ordering: .acquiring))
        }
    }
}
