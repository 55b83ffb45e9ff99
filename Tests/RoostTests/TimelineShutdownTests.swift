import CRoostPlatform
import Foundation
import RoostTesting
import Testing

@testable import Roost

@Suite("Timeline of a shutdown")
struct TimelineShutdownTests {
    private func ms(_ count: Int) -> Duration { .milliseconds(count) }

    private func worker(_ name: String, latency: Int, ended: Int?, ending: String = "stopped") -> WorkerReport {
        WorkerReport(
            name: name, scope: "job", asked: "signal SIGTERM", stopLatency: ms(latency), lastCheckpoint: nil,
            longestCheckpointGap: nil, ending: ending, detail: ending, endedAfter: ended.map(ms))
    }

    private func phase(_ phase: ShutdownPhase, _ begin: Int, _ duration: Int, share: Int) -> ShutdownPhaseReport {
        ShutdownPhaseReport(phase: phase, beganAfter: ms(begin), duration: ms(duration), share: ms(share))
    }

    /// A worker that stopped, one that had stopped before, one that was late; a finalizer that was late and one that was not.
    private var late: ShutdownReport {
        ShutdownReport(
            program: "app", process: 1, cause: "SIGTERM", askedAt: 0, budget: .seconds(2), duration: ms(1_851),
            outcome: .exited(70),
            workers: [
                worker("good", latency: 30, ended: 40), worker("earlier", latency: 5, ended: -200),
                worker("stubborn", latency: 1_400, ended: 1_400, ending: "abandoned"),
            ],
            stragglers: [
                Straggler(
                    worker: "stubborn", scope: "job", thread: "pool-1",
                    lastCheckpoint: CallSite(file: "App/Work.swift", line: 12), ranFor: .seconds(9),
                    askedFor: ms(1_400))
            ],
            finalizers: [
                FinalizerReport(
                    name: "slow", duration: ms(200), outcome: "abandoned: past its limit", beganAfter: ms(1_401),
                    limit: ms(200)),
                FinalizerReport(name: "flush", duration: ms(249), outcome: "done", beganAfter: ms(1_601)),
            ],
            unobservedFailures: [],
            phases: [
                phase(.stopping, 0, 1_400, share: 1_400), phase(.finalizing, 1_401, 449, share: 500),
                phase(.reporting, 1_850, 1, share: 100),
            ])
    }

    @Test("the late are late and have the last checkpoint; who had stopped before is left out")
    func bars() throws {
        let timeline = late.timeline
        #expect(timeline.total == ms(1_851) && timeline.limit == .init("budget", at: .seconds(2)))
        func bar(_ name: String) throws -> Timeline.Bar { try #require(timeline.bars.first { $0.name == name }) }
        #expect(timeline.bars.filter { $0.lane == .worker }.map(\.name) == ["good", "stubborn"])
        #expect(try bar("good").begin == ms(10) && bar("good").end == ms(40) && !bar("good").isLate)
        #expect(try bar("stubborn").begin == .zero && bar("stubborn").end == ms(1_400) && bar("stubborn").isLate)
        #expect(try bar("stubborn").detail.contains("last checkpoint App/Work.swift:12"))
        #expect(try bar("slow").isLate && bar("slow").limit == ms(200) && bar("slow").begin == ms(1_401))
        #expect(try !bar("flush").isLate && bar("flush").end == ms(1_850))
        #expect(try bar("workers stop").isLate && !bar("finalizers run").isLate)
        #expect(
            timeline.criticalChain.map { timeline.bars[$0].name } == [
                "stubborn", "workers stop", "slow", "flush", "the report is made",
            ])
        #expect(try Timeline(json: timeline.json) == timeline)
    }

    @Test("an end without workers and finalizers has its phases")
    func empty() {
        var report = late
        report.workers = []
        report.stragglers = []
        report.finalizers = []
        report.duration = ms(2)
        report.phases = [
            phase(.stopping, 0, 1, share: 1_900), phase(.finalizing, 1, 0, share: 0),
            phase(.reporting, 1, 1, share: 100),
        ]
        let timeline = report.timeline
        #expect(timeline.bars.map(\.isLate) == [false, false, false])
        #expect(
            timeline.criticalChain.map { timeline.bars[$0].name } == [
                "workers stop", "finalizers run", "the report is made",
            ])
    }

    // MARK: The report's form

    @Test("the times are in the report's JSON and read back")
    func roundTrip() throws {
        #expect(try ShutdownReport(json: late.json) == late)
    }

    /// As the version before wrote it.
    private let former = """
        {"format": "roost-shutdown-1", "program": "app", "process": 7, "cause": "SIGINT", "askedAt": 1700000000,
         "budgetNs": 2000000000, "durationNs": 1500000000, "exited": 70, "signal": null,
         "workers": [{"name": "good", "scope": "job", "asked": "x", "stopLatencyNs": 30000000, "lastCheckpoint": null,
           "longestCheckpointGapNs": null, "ending": "stopped", "detail": "stopped: x"}],
         "stragglers": [{"worker": "late", "scope": "job", "thread": null, "lastCheckpoint": null, "ranForNs": 9000000000,
           "askedForNs": 1000000000}],
         "finalizers": [{"name": "one", "durationNs": 100000000, "outcome": "done"},
           {"name": "two", "durationNs": 300000000, "outcome": "failed: x"}],
         "unobservedFailures": []}
        """

    @Test("a report of the form without the times is read, and its timeline is as near as can be told")
    func formerForm() throws {
        let report = try ShutdownReport(json: former)
        #expect(report.phases.isEmpty && report.workers[0].endedAfter == nil && report.finalizers[0].beganAfter == nil)
        let timeline = report.timeline
        #expect(timeline.bars.map(\.name) == ["good", "late", "one", "two"])
        #expect(timeline.bars.map(\.begin) == [.zero, ms(100), ms(1_100), ms(1_200)])
        #expect(timeline.bars.map(\.end) == [ms(30), ms(1_100), ms(1_200), ms(1_500)])
        #expect(timeline.criticalChain.map { timeline.bars[$0].name } == ["late", "one", "two"])
    }

    @Test("phases that are damaged are an error, as everything else is")
    func damagedPhases() {
        for phases in [
            "7", "[7]", "[{\"phase\": \"sleeping\", \"beganAfterNs\": 0, \"durationNs\": 0, \"shareNs\": 0}]",
        ] {
            let text = former.replacingOccurrences(
                of: "\"unobservedFailures\"", with: "\"phases\": \(phases), \"unobservedFailures\"")
            #expect(throws: ReportFormatError.self) { try ShutdownReport(json: text) }
        }
    }

    // MARK: Where the times come from

    @Test("phases follow each other without a gap, each with its share of the budget")
    func phases() {
        let budget = ShutdownBudget(.seconds(10), hasFinalizers: true)
        var phases = ShutdownPhases(budget: budget)
        phases.enter(.finalizing, after: ms(3_000))
        phases.enter(.reporting, after: ms(3_400))
        #expect(
            phases.reports(until: ms(3_402)) == [
                phase(.stopping, 0, 3_000, share: 7_400), phase(.finalizing, 3_000, 400, share: 2_500),
                phase(.reporting, 3_400, 2, share: 100),
            ])
    }

    @Test("a finalizer's report says when it began, counted from the request, and its limit")
    func finalizers() {
        let request = MonotonicTime.now + ms(-500)
        var run = FinalizerRun(deadline: .now + .seconds(30), request: request, onBegin: { _ in })
        let reports = run.run([
            Finalizer(name: "first", limit: .seconds(20), needsMainActor: false) {},
            Finalizer(name: "second", limit: nil, needsMainActor: false) {},
        ])
        #expect(reports.map(\.name) == ["second", "first"] && reports.map(\.limit) == [nil, .seconds(20)])
        let begins = reports.compactMap(\.beganAfter)
        #expect(begins.count == 2 && begins[0] >= ms(500) && begins[1] >= begins[0] + reports[0].duration)
    }

    @Test("the thread of a finalizer that may become late is told while it runs")
    func slowFinalizer() {
        let (own, told) = (Log<Int32>(), Log<Int32>())
        let isTold = Parker()
        var run = FinalizerRun(
            deadline: .now + .seconds(60), request: .now, onBegin: { _ in },
            onSlow: {
                told.add($0)
                isTold.unpark()
            })
        let slow = Finalizer(name: "slow", limit: nil, needsMainActor: false) {
            own.add(roost_thread_id())
            isTold.park(until: .now + .seconds(30))
        }
        #expect(run.run([slow]).map(\.outcome) == ["done"])
        #expect(told.all == own.all && told.all.count == 1)
    }

    @Test("a worker's report knows when it ended; told from a request, and then no longer on this process's clock")
    func workerEnd() async throws {
        let before = MonotonicTime.now
        let scope = WorkerScope("scope")
        let handle = scope.start("until stopped") { worker in
            while true { try worker.sleep(for: .seconds(60)) }
        }
        let report = await scope.close(within: .seconds(30))
        _ = await handle.ending
        let worker = try #require(report.workers.first)
        let end = try #require(worker.endedAt)
        #expect(end >= before && end <= .now && worker.endedAfter == nil)
        let counted = worker.counted(from: end + ms(-70))
        #expect(counted.endedAfter == ms(70) && counted.endedAt == nil)
    }
}
