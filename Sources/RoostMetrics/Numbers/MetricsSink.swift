#if Metrics
import CoreMetrics
import Roost

/// The numbers under the names that the backend knows. Used on one thread.
final class MetricsSink: Sendable {
    private struct Watched {
        weak var pool: WorkerPool?
        let queued: Meter
        let active: Meter
    }

    private struct State {
        var endings: [String: Counter] = [:]
        var pools: [Watched] = []
        var unobserved = UnobservedFailure.count
    }

    private let factory: any MetricsFactory
    private let started: Counter
    private let duration: Timer
    private let stopLatency: Timer
    private let unobservedFailures: Counter
    private let dropped: Counter
    private let shutdownDuration: Timer
    private let stragglers: Counter
    private let launchDuration: Timer
    private let state = Locked(State())

    init(factory: any MetricsFactory) {
        self.factory = factory
        started = Counter(label: "roost_workers_started", factory: factory)
        duration = Timer(label: "roost_worker_duration", factory: factory)
        stopLatency = Timer(label: "roost_worker_stop_latency", factory: factory)
        unobservedFailures = Counter(label: "roost_unobserved_failures", factory: factory)
        dropped = Counter(label: "roost_metrics_dropped_times", factory: factory)
        shutdownDuration = Timer(label: "roost_shutdown_duration", factory: factory)
        launchDuration = Timer(label: "roost_launch_duration", factory: factory)
        stragglers = Counter(label: "roost_shutdown_stragglers", factory: factory)
    }

    func take(_ counts: WorkerNumbers.Counts) {
        if counts.begun > 0 { started.increment(by: counts.begun) }
        for (kind, count) in counts.endings { counter(of: kind).increment(by: count) }
        for value in counts.durations.values { duration.recordNanoseconds(value.clampedNanoseconds) }
        for value in counts.stopLatencies.values { stopLatency.recordNanoseconds(value.clampedNanoseconds) }
        let lost = counts.durations.dropped + counts.stopLatencies.dropped
        if lost > 0 { dropped.increment(by: lost) }
        let unobserved = UnobservedFailure.count
        let before = state.withLock { state in
            defer { state.unobserved = unobserved }
            return state.unobserved
        }
        if unobserved > before { unobservedFailures.increment(by: unobserved - before) }
        takePools()
    }

    func take(_ report: ShutdownReport) {
        shutdownDuration.recordNanoseconds(report.duration.clampedNanoseconds)
        if !report.stragglers.isEmpty { stragglers.increment(by: report.stragglers.count) }
    }

    func take(_ report: LaunchReport) {
        launchDuration.recordNanoseconds(report.total.clampedNanoseconds)
        count("roost_launches", [("outcome", report.outcome.rawValue)])
        for stage in report.stages where stage.outcome != .notReached {
            count("roost_launch_stages", [("outcome", stage.outcome.kind)])
        }
    }

    /// A program starts once: none of these is kept.
    private func count(_ label: String, _ dimensions: [(String, String)]) {
        Counter(label: label, dimensions: dimensions, factory: factory).increment()
    }

    func watch(_ pool: WorkerPool) {
        let dimensions = [("pool", PrintableText.short(pool.name, limit: 200))]
        let watched = Watched(
            pool: pool, queued: Meter(label: "roost_pool_queued", dimensions: dimensions, factory: factory),
            active: Meter(label: "roost_pool_active_threads", dimensions: dimensions, factory: factory))
        state.withLock { $0.pools.append(watched) }
        take(watched)
    }

    private func takePools() {
        let (pools, gone) = state.withLock { state in
            let gone = state.pools.filter { $0.pool == nil }
            state.pools.removeAll { $0.pool == nil }
            return (state.pools, gone)
        }
        for watched in pools { take(watched) }
        for watched in gone {
            watched.queued.set(0)
            watched.active.set(0)
        }
    }

    private func take(_ watched: Watched) {
        guard let pool = watched.pool else { return }
        watched.queued.set(pool.queuedCount)
        watched.active.set(pool.activeThreads)
    }

    private func counter(of kind: String) -> Counter {
        if let counter = state.withLock({ $0.endings[kind] }) { return counter }
        let counter = Counter(label: "roost_workers_ended", dimensions: [("ending", kind)], factory: factory)
        state.withLock { $0.endings[kind] = counter }
        return counter
    }
}
#endif
