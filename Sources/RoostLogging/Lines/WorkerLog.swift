#if Logging
public import Logging
public import Roost

/// Says what ends badly in lines of swift-log: failures that nobody looked at, and how the start and the end of the process went.
///
/// ```swift
/// let log = WorkerLog(Logger(label: "app"))
/// log.attach(to: .process)
/// log.takeUnobservedFailures()
/// ```
/// Lines are handed to a thread of their own, so that a log that blocks holds up neither a worker nor the end of the process.
/// Of failures and starts, at most `capacity` wait there; what comes then is counted, and the count is a line as soon as there is
/// room. The end of the process waits for the last lines, at most 200 ms, or 25 ms when its time is short.
public final class WorkerLog: Sendable {
    private struct Waiting {
        var count = 0
        var dropped = 0
        var droppedEver = 0
    }

    private let logger: Logger
    private let capacity: Int
    /// Without a root: nobody waits for it at the end.
    private let thread = SerialThread(
        "roost-log", stackSize: nil, priority: .normal, time: SystemTime.shared, root: nil)
    private let waiting = Locked(Waiting())

    /// Creates a log.
    ///
    /// - Parameters:
    ///   - logger: Where the lines go. Its handler is called on one thread, one line at a time.
    ///   - capacity: The most lines of those that wait to be written, at least 1. Default: 1,024.
    public init(_ logger: Logger, capacity: Int = 1_024) {
        self.logger = logger
        self.capacity = max(1, capacity)
    }

    /// How many lines were not written because too many waited.
    public var droppedCount: Int { waiting.withLock { $0.droppedEver } }

    /// Writes a line when the shutdown begins (info), for every worker that had to be given up (warning), for every
    /// finalizer that was not done (warning), and at the end (info; warning when something was late).
    public func attach(to shutdown: Shutdown = .process) {
        shutdown.onEvent(on: thread) { [self] event in
            for line in ShutdownLines.lines(for: event) { write(line) }
        }
        shutdown.onLast { [thread] deadline in
            let parker = Parker()
            thread.post { parker.unpark() }
            parker.park(until: deadline)
        }
    }

    /// Writes every failure that nobody looked at as a line (error), instead of whatever was done with them before: this is
    /// the handler of `UnobservedFailure`, of which there is one.
    public func takeUnobservedFailures() {
        UnobservedFailure.handle { [self] failure in
            submit(LogLine(failure))
        }
    }

    /// Writes how a start went: a line for each stage that was skipped (warning), failed (error), was late or could not be undone
    /// (warning), and one for the whole (info; warning unless all went well). Never waits.
    public func write(_ report: LaunchReport) {
        for line in LaunchLines.lines(for: report) { submit(line) }
    }

    /// Hands a line over, or counts it as dropped; never waits.
    func submit(_ line: LogLine) {
        let isTaken = waiting.withLock { waiting in
            guard waiting.count < capacity else {
                waiting.dropped += 1
                waiting.droppedEver += 1
                return false
            }
            waiting.count += 1
            return true
        }
        guard isTaken else { return }
        thread.post { [self] in
            write(line)
            let dropped = waiting.withLock { waiting in
                waiting.count -= 1
                defer { waiting.dropped = 0 }
                return waiting.dropped
            }
            if dropped > 0 { write(LogLine(dropped: dropped)) }
        }
    }

    /// Suspends until everything that was handed over so far is written.
    func written() async {
        let isWritten = OneShot<Void>()
        thread.post { isWritten.resolve(()) }
        await isWritten.value
    }

    /// On the thread.
    private func write(_ line: LogLine) {
        logger.log(level: line.level, "\(line.message)", metadata: line.metadata)
    }
}
#endif
