extension ShutdownReport {
    /// The end of the process as a picture: its phases, every worker that was asked to stop, and the finalizers one after
    /// the other. The beginning is the request.
    ///
    /// A worker that had stopped before the request is left out. Late are workers that were given up, drawn to the end of
    /// the grace though they still ran, finalizers that were given up, and a phase that used its share up. Where a report of an earlier form lacks a
    /// time, a worker counts as asked at the request, and the finalizers as having run at the very end.
    public var timeline: Timeline {
        Timeline(
            "\(program): the end of the process (\(cause))", total: duration, limit: .init("budget", at: budget),
            bars: ShutdownBars(self).bars)
    }
}

/// Which bars a report makes, and what each of them waits for.
private struct ShutdownBars {
    private let report: ShutdownReport
    private(set) var bars: [Timeline.Bar] = []
    /// When the workers' grace was over.
    private let graceEnd: Duration

    init(_ report: ShutdownReport) {
        self.report = report
        let finalizersTook = report.finalizers.reduce(Duration.zero) { $0 + $1.duration }
        graceEnd =
            report.phases.first { $0.phase == .stopping }.map { $0.beganAfter + $0.duration }
            ?? report.finalizers.first?.beganAfter
            ?? max(.zero, report.duration - finalizersTook)
        let workers = add(workerBars)
        let stopping = add(phaseBars(.stopping, waitsFor: Array(workers)))
        let finalizers = addFinalizers(after: stopping.last)
        let finalizing = finalizers.isEmpty ? Array(stopping) : Array(finalizers)
        let ended = add(phaseBars(.finalizing, waitsFor: finalizing))
        _ = add(phaseBars(.reporting, waitsFor: finalizers.last.map { [$0] } ?? Array(ended)))
    }

    private mutating func add(_ new: [Timeline.Bar]) -> Range<Int> {
        let first = bars.count
        bars += new
        return first..<bars.count
    }

    // MARK: Phases

    private func phaseBars(_ phase: ShutdownPhase, waitsFor: [Int]?) -> [Timeline.Bar] {
        report.phases.filter { $0.phase == phase }.map { entry in
            // Finalizers that were added after the request have no share of their own.
            let limit = entry.share > .zero ? entry.share : nil
            return Timeline.Bar(
                .phase, name(of: phase), begin: entry.beganAfter, end: entry.beganAfter + entry.duration, limit: limit,
                isLate: limit.map { entry.duration >= $0 } ?? false, waitsFor: waitsFor)
        }
    }

    private func name(of phase: ShutdownPhase) -> String {
        switch phase {
        case .running: "running"
        case .stopping: "workers stop"
        case .finalizing: "finalizers run"
        case .reporting: "the report is made"
        }
    }

    // MARK: Workers

    private var workerBars: [Timeline.Bar] {
        let onTime = report.workers.filter { $0.ending != "abandoned" }.compactMap(bar(of:))
        return onTime + report.stragglers.map(bar(of:))
    }

    /// Nil for one that had ended before the request.
    private func bar(of worker: WorkerReport) -> Timeline.Bar? {
        guard let latency = worker.stopLatency, (worker.endedAfter ?? .zero) >= .zero else { return nil }
        let end = worker.endedAfter ?? min(latency, report.duration)
        let place = worker.lastCheckpoint.map { ", last checkpoint \($0)" } ?? ""
        return Timeline.Bar(
            .worker, worker.name, detail: "of \(worker.scope): \(worker.detail)\(place)", begin: end - latency,
            end: end, waitsFor: [])
    }

    private func bar(of straggler: Straggler) -> Timeline.Bar {
        let place = straggler.lastCheckpoint.map { "last checkpoint \($0)" } ?? "never passed a checkpoint"
        // What has no token was never asked; it was waited for from the beginning.
        let begin = straggler.askedFor > .zero ? graceEnd - straggler.askedFor : .zero
        let thread = straggler.thread.map { " on thread '\($0)'" } ?? ""
        return Timeline.Bar(
            .worker, straggler.worker,
            detail: "of \(straggler.scope): still ran\(thread) when it was given up, \(place)",
            begin: begin, end: graceEnd, isLate: true, waitsFor: [])
    }

    // MARK: Finalizers

    /// Each waits for the one before it, the first for the workers.
    private mutating func addFinalizers(after stopping: Int?) -> Range<Int> {
        let first = bars.count
        let took = report.finalizers.reduce(Duration.zero) { $0 + $1.duration }
        var next = max(.zero, report.duration - took)
        for finalizer in report.finalizers {
            let begin = finalizer.beganAfter ?? next
            next = begin + finalizer.duration
            let previous = bars.count > first ? bars.count - 1 : stopping
            bars.append(
                Timeline.Bar(
                    .finalizer, finalizer.name, detail: finalizer.outcome == "done" ? "" : finalizer.outcome,
                    begin: begin, end: next,
                    limit: finalizer.limit, isLate: finalizer.isAbandoned, waitsFor: previous.map { [$0] }))
        }
        return first..<bars.count
    }
}
