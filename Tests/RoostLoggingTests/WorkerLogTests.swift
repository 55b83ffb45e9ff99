#if Logging
import Foundation
import InMemoryLogging
import Logging
import Roost
import Testing

@testable import RoostLogging

@Suite("Log lines")
struct WorkerLogTests {
    /// A log whose handler waits until the test lets it go on, as one on a full pipe does.
    private struct HeldHandler: LogHandler {
        let inner: InMemoryLogHandler
        let begun: DispatchSemaphore
        let held: DispatchSemaphore
        var metadata: Logger.Metadata = [:]
        var metadataProvider: Logger.MetadataProvider?
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            begun.signal()
            held.wait()
            held.signal()
            inner.log(event: event)
        }
    }

    @Test("a log that blocks holds nobody up: what is too much is dropped, counted, and said once there is room")
    func bounded() async {
        let memory = InMemoryLogHandler()
        let begun = DispatchSemaphore(value: 0)
        let held = DispatchSemaphore(value: 0)
        let log = WorkerLog(
            Logger(label: "test") { _ in HeldHandler(inner: memory, begun: begun, held: held) }, capacity: 3)
        // Were the hand-over not bounded, or did it wait, the numbers below would differ, or this would never return.
        for index in 0..<10 { log.submit(LogLine(.error, "line \(index)")) }
        #expect(log.droppedCount == 7)
        held.signal()
        await log.written()
        #expect(
            memory.entries.map { "\($0.message)" } == [
                "line 0", "lines of failures were dropped: too many waited", "line 1", "line 2",
            ])
        #expect(memory.entries[1].metadata["dropped"] == "7")
        log.submit(LogLine(.error, "after"))
        await log.written()
        #expect(memory.entries.last?.message == "after")
        #expect(log.droppedCount == 7)
    }

    @Test("a failure is an error with worker, scope and error; names are fit for a line")
    func failure() async throws {
        struct Broken: Error, CustomStringConvertible { let description = "boom\n\u{1B}[31m" }
        let (failures, found) = AsyncStream.makeStream(of: UnobservedFailure.self)
        UnobservedFailure.handle { found.yield($0) }
        // Nobody keeps its handle. The scope is kept: one that is dropped stops what it has not begun.
        let scope = WorkerScope("s")
        scope.start("a\nb") { _ in throw Broken() }
        let line = LogLine(try #require(await failures.first { $0.error is Broken }))
        await scope.close()
        #expect(line.level == .error)
        #expect(line.metadata == ["worker": "a\u{FFFD}b", "scope": "s", "error": "boom\u{FFFD}\u{FFFD}[31m"])
    }

    @Test("a late worker is a warning with where it was last seen; ticks are no lines; of many the rest is counted")
    func late() throws {
        let json = """
            {"format": "roost-shutdown-1", "program": "app", "process": 7, "cause": "SIGINT", "askedAt": 1, "budgetNs": 1000000000,
             "durationNs": 1500000000, "exited": 70, "signal": null, "workers": [],
             "stragglers": [{"worker": "w", "scope": "s", "thread": "pool-1", "lastCheckpoint": {"file": "A/B.swift", "line": 3},
               "ranForNs": 9000000000, "askedForNs": 1000000000}],
             "finalizers": [{"name": "one", "durationNs": 100000000, "outcome": "done"},
               {"name": "two", "durationNs": 300000000, "outcome": "failed: x"}], "unobservedFailures": []}
            """
        let report = try ShutdownReport(json: json)
        let lines = ShutdownLines.lines(for: .abandoned(report.stragglers))
        #expect(lines.map(\.level) == [.warning])
        #expect(
            lines[0].metadata == [
                "worker": "w", "scope": "s", "thread": "pool-1", "checkpoint": "A/B.swift:3", "asked-for": "1 s",
                "ran-for": "9 s",
            ])
        let many = ShutdownLines.lines(for: .abandoned(Array(repeating: report.stragglers[0], count: 250)))
        #expect(many.count == 101 && many.last?.metadata == ["count": "150"])
        #expect(ShutdownLines.lines(for: .waiting(for: [], others: [], timeLeft: .zero)).isEmpty)
        let end = ShutdownLines.lines(for: .ended(report))
        #expect(end.map(\.message) == ["finalizer was not done", "shutdown ended"])
        #expect(end.map(\.level) == [.warning, .warning])
        #expect(end[1].metadata["outcome"] == "exit status 70" && end[1].metadata["late"] == "1")
        var clean = report
        clean.stragglers = []
        clean.finalizers = []
        #expect(ShutdownLines.lines(for: .ended(clean)).map(\.level) == [.info])
    }
}
#endif
