/// What is known of all workers of one name in this process.
public struct WorkerStatistics: Sendable, Hashable {
    /// The workers' name.
    public let name: String
    /// How many of them ran long enough to be sampled, or were asked to stop.
    public internal(set) var count = 0
    /// The longest time between two checkpoints of one of them, within 10 ms; nil while none was sampled.
    public internal(set) var longestCheckpointGap: Duration?
    /// The longest time from the request to stop to the ending, exactly; nil while none was stopped.
    public internal(set) var longestStopLatency: Duration?

    /// Every name with something to tell. Past 512 names the rest is gathered under `(other names)`.
    public static var all: [WorkerStatistics] {
        table.withLock { Array($0.values) }.sorted { $0.name < $1.name }
    }

    private static let limit = 512
    private static let table = Locked<[String: WorkerStatistics]>([:])

    static func record(name: String, gap: Duration?, stopLatency: Duration?) {
        guard gap != nil || stopLatency != nil else { return }
        table.withLock { table in
            let key = table[name] != nil || table.count < limit ? name : "(other names)"
            var entry = table[key] ?? WorkerStatistics(name: key)
            entry.count += 1
            entry.longestCheckpointGap = longest(entry.longestCheckpointGap, gap)
            entry.longestStopLatency = longest(entry.longestStopLatency, stopLatency)
            table[key] = entry
        }
    }

    private static func longest(_ a: Duration?, _ b: Duration?) -> Duration? {
        guard let a, let b else { return a ?? b }
        return max(a, b)
    }
}
