import BenchSupport

@main struct BenchRoost {
    @MainActor static func main() {
        benchmarkMain { peer, name, counts in
            guard peer == "roost" else { return nil }
            return try measure(name, counts)
        }
    }

    /// Names are those of the peers with what they measure behind: `empty1-closure`, `empty1-worker`.
    @MainActor static func measure(_ name: String, _ counts: Counts) throws -> Values? {
        switch name {
        case "empty1-worker-kept": return Workers().emptyKept(counts.empty, producers: 1)
        case "empty4-worker-kept": return Workers().emptyKept(counts.empty, producers: 4)
        case "await-worker": return Workers().awaited(counts.latency)
        case "queued-worker": return Workers().queued(counts.queuedWorkers)
        case "stop-closure": return Closures().stop(counts.stops)
        case "stop-worker": return Workers().stop(counts.stops)
        case "flag-token": return FlagChecks.token(counts.flag)
        case "flag-worker": return FlagChecks.worker(counts.flag)
        case "flag-checkpoint": return FlagChecks.checkpoint(counts.flag)
        case "flood": return Flood.measure(counts.flood)
        default: break
        }
        let parts = name.split(separator: "-")
        guard parts.count == 2 else { return nil }
        switch parts[1] {
        case "closure": return Closures().common(String(parts[0]), counts)
        case "worker": return Workers().common(String(parts[0]), counts)
        default: return nil
        }
    }
}
