#if Metrics
public import CoreMetrics
public import Roost

/// Gives the numbers of workers, pools, the start and the shutdown to swift-metrics.
///
/// ```swift
/// let metrics = WorkerMetrics()
/// metrics.watch(.shared)
/// metrics.attach(to: .process)
/// ```
/// Workers only count up numbers in memory; a thread of its own hands them to the backend every `interval`, so that a backend
/// that blocks holds up neither a worker nor the end of the process, which waits for the last numbers, at most 200 ms, or 25 ms when its time is
/// short.
/// No number has a worker's name as a dimension: names are without bound. Keep it as long as it should count; when it is dropped,
/// what was not handed over yet is lost.
public final class WorkerMetrics: Sendable {
    private let numbers = WorkerNumbers()
    private let sink: MetricsSink
    /// Without a root: nobody waits for it at the end.
    private let thread = SerialThread(
        "roost-metrics", stackSize: nil, priority: .normal, time: SystemTime.shared, root: nil)
    private let timer: TimerRegistration

    /// Begins to count.
    ///
    /// - Parameters:
    ///   - factory: The backend.
    ///   - interval: How often numbers are handed over, at least every millisecond once. Default: 1 s.
    public init(factory: any MetricsFactory = MetricsSystem.factory, every interval: Duration = .seconds(1)) {
        let sink = MetricsSink(factory: factory)
        self.sink = sink
        WorkerObservation.add(numbers)
        timer = thread.every(max(interval, .milliseconds(1))) { [numbers] in sink.take(numbers.take()) }
    }

    deinit {
        timer.cancel()
        WorkerObservation.remove(numbers)
    }

    /// Hands the pool's queue length and number of busy threads over, too. The pool is not held.
    public func watch(_ pool: WorkerPool) {
        thread.post { [sink] in sink.watch(pool) }
    }

    /// Counts who was late at the end of the process, times it, and hands the last numbers over before it ends.
    public func attach(to shutdown: Shutdown = .process) {
        shutdown.onEvent(on: thread) { [sink] event in
            if case .ended(let report) = event { sink.take(report) }
        }
        shutdown.onLast { [self] deadline in
            let parker = Parker()
            post { parker.unpark() }
            parker.park(until: deadline)
        }
    }

    /// Counts a start by its outcome, its stages by theirs, and times it. Never waits.
    public func count(_ report: LaunchReport) {
        thread.post { [sink] in sink.take(report) }
    }

    /// Hands over now what was counted so far; returns when that is done. Waits for the backend.
    public func flush() async {
        let isDone = OneShot<Void>()
        post { isDone.resolve(()) }
        await isDone.value
    }

    private func post(_ then: @escaping @Sendable () -> Void) {
        thread.post { [sink, numbers] in
            sink.take(numbers.take())
            then()
        }
    }
}
#endif
