import BenchSupport
import Roost
import RoostProcess

@main struct BenchProcess {
    @MainActor static func main() {
        WorkerEntry.serveIfWorker()
        benchmarkMain { peer, name, counts in
            guard peer == "roost" else { return nil }
            return try measure(name, counts)
        }
    }

    @MainActor static func measure(_ name: String, _ counts: Counts) throws -> Values? {
        switch name {
        case "process-latency-numbers": try Small.latency(counts.trips, add)
        case "process-latency-text": try Small.latency(counts.trips, describe)
        case "process-latency-blocking": try Small.blockingLatency(counts.trips, add)
        case "process-throughput-numbers": try Small.throughput(counts.processTasks, add) { $1 == $0 + 1 }
        case "process-throughput-text":
            try Small.throughput(counts.processTasks, describe) { $1 == "picture \($0): 640 × 480" }
        case "process-map-numbers": try Small.map(counts.items, add) { $1 == $0 + 1 }
        case "process-map-text": try Small.map(counts.items, describe) { $1 == "picture \($0): 640 × 480" }
        case "process-bytes": try Transfers.throughWorker(counts.transfers)
        case "process-bytes-here": Transfers.inOneProcess(counts.transfers, keepsMemory: true)
        case "process-bytes-here-new": Transfers.inOneProcess(counts.transfers, keepsMemory: false)
        case "process-neighbours": try Crashes.neighbours()
        case "process-start": try Start.measure()
        case "process-start-nothing": ["first_at_ns": Double(now())]
        default: try crash(name, counts)
        }
    }

    /// `process-crash-abort-backtraces-spare`
    @MainActor private static func crash(_ name: String, _ counts: Counts) throws -> Values? {
        let parts = name.split(separator: "-").map(String.init)
        guard parts.count >= 3, parts[0] == "process", parts[1] == "crash", let way = Die.Way(rawValue: parts[2]) else {
            return nil
        }
        return try Crashes.recovery(
            counts.crashes, way, backtraces: parts.contains("backtraces"), spare: parts.contains("spare"))
    }

    private static let add: @Sendable (Int) -> Add = { Add(left: $0, right: 1) }
    private static let describe: @Sendable (Int) -> Describe = {
        Describe(number: $0, width: 640, height: 480, name: "picture")
    }
}
