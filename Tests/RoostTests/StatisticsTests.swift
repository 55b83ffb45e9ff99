import RoostTesting
import Testing

@testable import Roost

@Suite struct StatisticsTests {
    private func entry(_ name: String) -> WorkerStatistics? {
        WorkerStatistics.all.first { $0.name == name }
    }

    @Test func theStopLatencyIsExact() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let running = Gate()
            let mayEnd = Gate()
            let worker = scope.start("latency") { worker in
                running.open()
                mayEnd.wait()
                try worker.checkpoint()
            }
            await running.passed()
            let close = Task { await scope.close() }
            try await eventually { worker.token.isStopped }
            clock.advance(by: .milliseconds(730))
            mayEnd.open()
            let report = await close.value
            #expect(report.workers.map(\.stopLatency) == [.milliseconds(730)])
            #expect(entry("latency")?.longestStopLatency == .milliseconds(730))
            #expect(entry("latency")?.count == 1)
        }
    }

    /// The sampler looks every 10 ms of real time, so this waits for what it has seen.
    @Test func theLongestGapBetweenCheckpointsIsSeen() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("long gap") { worker in
                try worker.checkpoint()
                let begin = MonotonicTime.now
                while MonotonicTime.now - begin < .milliseconds(80) {}
                while true { try worker.checkpoint() }
            }
            let steady = scope.start("steady") { worker in while true { try worker.checkpoint() } }
            try await eventually {
                worker.worker.report(nil).longestCheckpointGap.map { $0 >= .milliseconds(60) } ?? false
                    && steady.worker.report(nil).longestCheckpointGap != nil
            }
            let report = await scope.close()
            let gaps = Dictionary(uniqueKeysWithValues: report.workers.map { ($0.name, $0.longestCheckpointGap) })
            #expect(try #require(gaps["long gap"] ?? nil) >= .milliseconds(60))
            #expect(gaps["steady"] ?? nil != nil)
            #expect(try #require(entry("long gap")?.longestCheckpointGap) >= .milliseconds(60))
        }
    }

    /// A slot is used again by the next worker on its thread: a report made later must not show that one's numbers.
    @Test func aReportMadeAfterTheEndShowsTheWorkersOwnNumbers() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let line = OneShot<Int>()
            let first = scope.start("first") { worker in
                try worker.checkpoint()
                line.resolve(#line - 1)
            }
            #expect(await first.endingKind == "finished")
            let atTheEnd = first.worker.report(first.endingIfEnded)
            let gate = Gate()
            let checked = Gate()
            let second = scope.start("second") { worker in
                try worker.checkpoint()
                checked.open()
                gate.wait()
            }
            await checked.passed()
            // Until the slot they share says something else than it did.
            let gap = atTheEnd.longestCheckpointGap ?? .zero
            try await eventually { (second.worker.report(nil).longestCheckpointGap ?? .zero) > gap + .milliseconds(5) }
            let report = first.worker.report(first.endingIfEnded)
            #expect(report == atTheEnd)
            await expect(report.lastCheckpoint?.line, equals: line.value)
            gate.open()
        }
    }

    @Test func infoSaysHowLongAndWhere() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(threads: 1, time: clock)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let running = Gate()
            let second = Gate()
            let queued = scope.start("queued", options: .init(priority: .high)) { worker in
                try worker.checkpoint()
                running.open()
                second.wait()
            }
            clock.advance(by: .seconds(3))
            #expect(busy[0].info.ranFor == .seconds(3))
            #expect(queued.info.queuedFor == .seconds(3))
            #expect(queued.info.ranFor == .zero)
            #expect(queued.info.thread == nil)
            #expect(queued.info.lastCheckpoint == nil)
            #expect(queued.info.priority == .high)
            gate.open()
            await running.passed()
            clock.advance(by: .seconds(1))
            #expect(queued.info.queuedFor == .seconds(3))
            #expect(queued.info.ranFor == .seconds(1))
            #expect(queued.info.lastCheckpoint?.file == "RoostTests/StatisticsTests.swift")
            second.open()
            _ = await queued.ending
            clock.advance(by: .seconds(9))
            #expect(queued.info.ranFor == .seconds(1))
            #expect(queued.info.state == .ended)
        }
    }

    @Test func durationsReadWell() {
        let cases: [(Duration, String)] = [
            (.milliseconds(1_200), "1.2 s"), (.milliseconds(35), "35 ms"), (.microseconds(800), "800 µs"),
            (.seconds(2), "2 s"), (.nanoseconds(12), "12 ns"), (.zero, "0 ns"), (.seconds(-1), "0 s"),
        ]
        for (duration, text) in cases { #expect(duration.short == text) }
    }

    @Test func aCallSiteSurvivesItsPacking() {
        let site = CallSite(packed: CallSite.pack("RoostTests/Some.swift", 123))
        #expect(site == CallSite(file: "RoostTests/Some.swift", line: 123))
        #expect(CallSite(packed: 0) == nil)
    }

    @Test func timeIsClampedAndDoesNotOverflow() {
        let end = MonotonicTime(nanoseconds: .max - 5) + .seconds(1)
        #expect(end.nanoseconds == .max)
        #expect(Duration.seconds(Int64.max).clampedNanoseconds == .max)
        #expect(Duration.seconds(Int64.min).clampedNanoseconds == .min)
    }
}
