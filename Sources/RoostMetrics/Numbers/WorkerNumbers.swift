#if Metrics
import Roost

/// What was counted since it was last taken. Workers add to it, so nothing here calls code of others.
final class WorkerNumbers: WorkerObservation.Observer {
    struct Counts: Sendable {
        var begun = 0
        var endings: [String: Int] = [:]
        var durations = Samples()
        var stopLatencies = Samples()
    }

    /// Times, of which a bounded number is kept until they are taken.
    struct Samples: Sendable {
        static let most = 4_096
        private(set) var values: [Duration] = []
        private(set) var dropped = 0

        mutating func add(_ duration: Duration) {
            if values.count < Self.most { values.append(duration) } else { dropped += 1 }
        }
    }

    private let counts = Locked(Counts())

    func workerBegan() {
        counts.withLock { $0.begun += 1 }
    }

    func workerEnded(_ ending: WorkerObservation.Ending) {
        counts.withLock { counts in
            counts.endings[ending.kind, default: 0] += 1
            if let duration = ending.ranFor { counts.durations.add(duration) }
            if let latency = ending.stopLatency { counts.stopLatencies.add(latency) }
        }
    }

    func take() -> Counts {
        counts.withLock { counts in
            defer { counts = Counts() }
            return counts
        }
    }
}
#endif
