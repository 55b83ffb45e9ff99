import Foundation
import Testing

@testable import Roost

@Suite("Shutdown values")
struct ShutdownValueTests {
    @Test("the budget is split: grace, a quarter for finalizers, 100 ms for the report")
    func split() {
        let budget = ShutdownBudget(.seconds(10), hasFinalizers: true)
        #expect(budget.finalizers == .milliseconds(2_500))
        #expect(budget.report == .milliseconds(100))
        #expect(budget.grace == .milliseconds(7_400))
    }

    @Test("without finalizers their share is grace; small budgets leave something for each part")
    func smallBudgets() {
        #expect(ShutdownBudget(.seconds(2), hasFinalizers: false).grace == .milliseconds(1_900))
        #expect(ShutdownBudget(.milliseconds(700), hasFinalizers: true).finalizers == .milliseconds(200))
        for milliseconds in [0, 1, 50, 300, 599, 600, 700, 5_000] {
            for hasFinalizers in [true, false] {
                let total = Duration.milliseconds(milliseconds)
                let budget = ShutdownBudget(total, hasFinalizers: hasFinalizers)
                #expect(budget.grace + budget.finalizers + budget.report == total)
                #expect(budget.grace >= .zero && budget.grace >= budget.finalizers)
            }
        }
    }

    private let budget = ShutdownBudget(.seconds(1), hasFinalizers: false)

    @Test("the first cause stays, and the phases follow each other")
    func machine() {
        var machine = ShutdownStateMachine()
        let now = MonotonicTime(nanoseconds: 1_000)
        expect(machine.request(.signal(15), budget: budget, now: now))
        expect(!machine.request(.endOfMain, budget: budget, now: now))
        #expect(machine.cause == .signal(15))
        #expect(machine.graceDeadline == now + budget.grace)
        _ = machine.beginFinalizing(stragglers: 0, now: now)
        #expect(machine.phase == .finalizing)
        machine.beginReporting()
        #expect(machine.phase == .reporting)
    }

    @Test("G8: 70 past the budget, else the signal, else the program's own status")
    func outcome() {
        func outcome(_ cause: ShutdownCause, stragglers: Int) -> ProcessOutcome {
            var machine = ShutdownStateMachine()
            let now = MonotonicTime(nanoseconds: 0)
            _ = machine.request(cause, budget: budget, now: now)
            _ = machine.beginFinalizing(stragglers: stragglers, now: now)
            return machine.outcome(programStatus: 3)
        }
        #expect(outcome(.endOfMain, stragglers: 0) == .exited(3))
        #expect(outcome(.signal(2), stragglers: 0) == .signalled(2))
        #expect(outcome(.signal(2), stragglers: 1) == .exited(70))
        #expect(outcome(.endOfMain, stragglers: 1) == .exited(70))
    }

    private var report: ShutdownReport {
        ShutdownReport(
            program: "a \"program\"\n", process: 42, cause: "SIGTERM", askedAt: 1_700_000_000, budget: .seconds(10),
            duration: .milliseconds(1_234), outcome: .signalled(15),
            workers: [
                WorkerReport(
                    name: "one", scope: "job", asked: "signal SIGTERM", stopLatency: .microseconds(80),
                    lastCheckpoint: CallSite(file: "App/Work.swift", line: 12), longestCheckpointGap: nil,
                    ending: "stopped", detail: "stopped: signal SIGTERM"),
                WorkerReport(
                    name: "", scope: "日本\u{1}", asked: nil, stopLatency: nil, lastCheckpoint: nil,
                    longestCheckpointGap: .milliseconds(20), ending: "finished", detail: "finished"),
            ],
            stragglers: [
                Straggler(
                    worker: "late", scope: "job", thread: nil, lastCheckpoint: nil, ranFor: .seconds(3),
                    askedFor: .seconds(2))
            ],
            finalizers: [FinalizerReport(name: "flush", duration: .milliseconds(3), outcome: "done")],
            unobservedFailures: ["'x' of 'y': boom"])
    }

    @Test("a report reads back as it was written, and any JSON tool reads it")
    func roundTrip() throws {
        #expect(try ShutdownReport(json: report.json) == report)
        let object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        #expect(object["signal"] as? Int == 15)
        #expect((object["stragglers"] as? [[String: Any]])?.first?["worker"] as? String == "late")
    }

    private var stack: ThreadStack {
        ThreadStack(
            thread: 7, name: "'pool-1'", lines: ["read in libc.so.6", "work(_:) at Work.swift:12 in app"],
            waitsIn: "read(3 → /tmp/fifo)", problem: nil)
    }

    private var reportWithStacks: ShutdownReport {
        var report = report
        report.stragglers[0].kernelThread = 7
        report.stragglers[0].onThread = stack
        report.finalizers.append(
            FinalizerReport(
                name: "stuck", duration: .seconds(1), outcome: "abandoned: past its limit", kernelThread: 8,
                onThread: ThreadStack(thread: 8, name: "x", lines: [], problem: "it did not answer")))
        report.exitHold = ThreadHold(held: stack, keepers: [stack], isCertain: true)
        report.survivors = [Survivor(name: "album", scope: "window", age: .seconds(12), overdue: .seconds(3))]
        report.openWindows = ["Task Window", ""]
        return report
    }

    @Test("stacks, survivors and windows read back as they were written")
    func roundTripWithStacks() throws {
        #expect(try ShutdownReport(json: reportWithStacks.json) == reportWithStacks)
    }

    @Test("a report of the form without stacks, survivors and windows is still one")
    func formerForm() throws {
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(report.json.utf8)) as? [String: Any])
        for key in ["exitHold", "survivors", "openWindows", "phases"] { object[key] = nil }
        for list in ["stragglers", "finalizers"] {
            object[list] = (object[list] as? [[String: Any]])?.map {
                $0.filter { !["stack", "kernelThread"].contains($0.key) }
            }
        }
        let text = String(decoding: try JSONSerialization.data(withJSONObject: object), as: UTF8.self)
        #expect(!text.contains("stack") && !text.contains("survivors"))
        #expect(try ShutdownReport(json: text) == report)
    }

    @Test("the text has the stacks below those whose they are")
    func textOfStacks() {
        let text = reportWithStacks.description
        let place = """
            it never passed a checkpoint
                  waits in read(3 → /tmp/fifo)
                  read in libc.so.6
                  work(_:) at Work.swift:12 in app
              finalizer 'stuck' abandoned: past its limit after 1 s
                  no stack: it did not answer
                the exit hangs in 'pool-1' (7):
                  waits in read(3 → /tmp/fifo)
            """
        #expect(text.contains(place), "\(text)")
        #expect(text.contains("\n    it waits for 'pool-1' (7):\n"))
        #expect(
            text.contains(
                "\n  survivor: 'album' of 'window' is still there 3 s after the close; it was declared 12 s ago\n"))
        #expect(text.contains("\n  still open: the window 'Task Window'\n  still open: the window ''\n"))
    }

    @Test("with stacks the report has more of the budget, and the other parts have theirs")
    func splitWithStacks() {
        let budget = ShutdownBudget(.seconds(10), hasFinalizers: true, hasStacks: true)
        #expect(budget.report == .milliseconds(300) && budget.finalizers == .milliseconds(2_500))
        for milliseconds in [0, 1, 50, 300, 599, 600, 700, 5_000] {
            let total = Duration.milliseconds(milliseconds)
            let budget = ShutdownBudget(total, hasFinalizers: true, hasStacks: true)
            #expect(budget.grace + budget.finalizers + budget.report == total)
            #expect(budget.grace >= budget.finalizers)
        }
    }

    @Test("a damaged report is an error that says where, never a trap")
    func damaged() {
        let json = report.json
        for length in stride(from: 0, to: json.utf8.count - 2, by: 7) {
            #expect(throws: (any Error).self) {
                try ShutdownReport(json: String(decoding: json.utf8.prefix(length), as: UTF8.self))
            }
        }
        #expect(throws: (any Error).self) { try ShutdownReport(json: String(repeating: "[", count: 100_000)) }
        #expect(throws: (any Error).self) { try ShutdownReport(json: "{\"format\":\"roost-shutdown-2\"}") }
    }

    @Test("the text names who was late and where")
    func text() {
        let text = report.description
        #expect(text.contains("late: 'late' of 'job' did not stop within 2 s"))
        #expect(text.contains("failed unseen: 'x' of 'y': boom"))
    }
}
