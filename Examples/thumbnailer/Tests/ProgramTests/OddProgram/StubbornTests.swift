import Glibc
import Testing

@testable import ProgramTesting

/// Whatever does not stop: the process is gone at its budget, and the report says who it was and where.
@Suite struct StubbornTests {
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aWorkerThatIgnoresItsToken(_ signal: Int32) throws {
        let odd = try OddProgram("stubborn-worker")
        let time = odd.end(by: signal)
        #expect(odd.program.ending == .exited(70))
        #expect(time > .milliseconds(800) && time < OddProgram.budget + OddProgram.slack, "\(time)")
        odd.expectNothingLeft()
        let line = try line(of: "try worker.checkpoint()", after: "func worker()", in: "Stubborn.swift")
        let place = "odd_program/Stubborn.swift:\(line)"
        #expect(odd.program.errorText.contains("late: 'count letters' of 'letters'"), "\(odd.program.errorText)")
        #expect(odd.program.errorText.contains("last checkpoint \(place)"), "\(odd.program.errorText)")
        let report = try odd.report()
        #expect(report.ending == .exited(70))
        let late = try #require(report.stragglers.first)
        #expect(report.lateWorkers == ["count letters"] && late.scope == "letters")
        #expect(late.lastCheckpoint.map { "\($0.file):\($0.line)" } == place)
        #expect(report.workers.contains { $0.name == "count letters" && $0.ending == "abandoned" })
    }

    @Test func anAsyncWorkerThatIsSuspendedForEver() throws {
        let odd = try OddProgram("stubborn-async-worker")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        let late = try #require(try odd.report().stragglers.first)
        #expect(late.worker == "await letters" && late.lastCheckpoint?.file == "odd_program/Stubborn.swift")
        #expect(odd.program.errorText.contains("no thread, no stack"))
    }

    @Test func aWorkerWhoseScopeWasDropped() throws {
        let odd = try OddProgram("stubborn-worker-of-nobody")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        #expect(try odd.report().lateWorkers == ["count letters"])
    }

    @Test func aThreadOfOnesOwn() throws {
        let odd = try OddProgram("stubborn-thread")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        #expect(odd.program.errorText.contains("camera"), "\(odd.program.errorText)")
    }

    @Test func theMainThread() throws {
        let odd = try OddProgram("stubborn-main")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        let report = try odd.report()
        #expect(report.stragglers.map(\.worker) == ["main"])
        #expect(odd.program.errorText.contains("late: 'main'"))
        // What needs the main actor is skipped, and the next one runs.
        #expect(report.finalizers.map(\.name) == ["window", "plain"])
        #expect(report.finalizers[0].outcome.hasPrefix("skipped") && report.finalizers[1].outcome == "done")
        #expect(!odd.program.outputText.contains("window ran") && odd.program.outputText.contains("plain ran"))
    }

    @Test func aSecondInterruptDoesNotWait() throws {
        let odd = try OddProgram("stubborn-worker")
        let begun = ContinuousClock.now
        odd.program.send(SIGINT)
        #expect(odd.program.wait { odd.program.outputText.contains("asked") })
        odd.program.send(SIGINT)
        #expect(odd.program.waitForEnd(within: .seconds(5)) == .signalled(SIGINT))
        #expect((odd.program.endedAt ?? .now) - begun < .milliseconds(800))
        odd.expectNothingLeft()
    }

    @Test func aScopeClosesAtItsOwnBudgetAndTheOtherGoesOn() throws {
        let odd = try OddProgram("two-scopes", untilReady: false)
        #expect(odd.program.waitForEnd(within: .seconds(20)) == .exited(70))
        let lines = odd.program.outputText.components(separatedBy: "\n")
        let closed = try #require(lines.first { $0.hasPrefix("closed in ") })
        let milliseconds = try #require(Double(closed.dropFirst("closed in ".count).prefix { $0 != " " }))
        #expect(milliseconds > 250 && milliseconds < 800, "\(closed)")
        #expect(odd.program.outputText.contains("'ignores its token' of 'stuck' did not stop"))
        #expect(lines.contains("next 42; the counter is running"), "\(lines)")
        // Undisturbed: every step, and its own ending.
        #expect((1...20).allSatisfy { lines.contains("step \($0)") })
        #expect(lines.contains("the counter finished, the other abandoned"), "\(lines)")
        #expect(try odd.report().lateWorkers == ["ignores its token"])
    }

    @Test func beingStoppedBySIGSTOPDoesNotUseUpTheBudget() throws {
        let odd = try OddProgram("slow-worker")
        odd.program.send(SIGTERM)
        #expect(odd.program.wait { odd.program.outputText.contains("asked") })
        odd.program.send(SIGSTOP)
        #expect(odd.program.wait { ProcessTable.state(of: odd.program.process) == "T" })
        // Longer than the budget; nothing can be waited for here but time.
        #expect(odd.program.wait(for: .milliseconds(1_700)) { odd.program.ending != nil } == false)
        odd.program.send(SIGCONT)
        let resumed = ContinuousClock.now
        #expect(odd.program.waitForEnd(within: .seconds(10)) == .signalled(SIGTERM), "\(odd.program.everything)")
        #expect(odd.program.outputText.contains("tidy"))
        #expect((odd.program.endedAt ?? .now) - resumed < OddProgram.budget + OddProgram.slack)
    }

    @Test func beingStoppedBySIGSTOPDoesNotLengthenTheBudgetForEver() throws {
        let odd = try OddProgram("stubborn-worker")
        odd.program.send(SIGTERM)
        #expect(odd.program.wait { odd.program.outputText.contains("asked") })
        odd.program.send(SIGSTOP)
        #expect(odd.program.wait { ProcessTable.state(of: odd.program.process) == "T" })
        #expect(odd.program.wait(for: .milliseconds(1_500)) { odd.program.ending != nil } == false)
        odd.program.send(SIGCONT)
        let resumed = ContinuousClock.now
        #expect(odd.program.waitForEnd(within: .seconds(10)) == .exited(70))
        #expect((odd.program.endedAt ?? .now) - resumed < OddProgram.budget + OddProgram.slack)
    }
}
