import BenchSupport
import Roost

/// `worker.report` to `onUpdate`: newest wins, at most one hop to the main actor pending.
@MainActor enum Flood {
    static func measure(_ count: Int) -> Values {
        let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: 2))
        let scope = WorkerScope("bench", pool: pool)
        let receiver = Receiver(count: count)
        let go = Gate()
        let ended = Gate()
        let handle = scope.start("reporting", reporting: Int.self) { worker in
            go.wait()
            for i in 0..<count { worker.report(i) }
            ended.post()
        }
        handle.onUpdate { receiver.receive($0) }
        return measureFlood(count, receive: receiver) { _ in
            go.post()
            ended.wait()
        }
    }
}
