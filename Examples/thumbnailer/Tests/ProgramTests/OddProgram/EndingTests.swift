import Glibc
import Testing

@testable import ProgramTesting

/// Finalizers, statuses, locks that are held at the end.
@Suite struct EndingTests {
    @Test func finalizersRunInReverseOrder() throws {
        let odd = try OddProgram("finalizers", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(0))
        #expect(odd.program.outputText == "on main\nthird\nsecond\nfirst\n")
        #expect(odd.program.errorText.contains("finalizer 'failing' failed: something odd"), "\(odd.program.errorText)")
        let finalizers = try odd.report().finalizers
        #expect(finalizers.map(\.name) == ["failing", "on main", "third", "second", "first"])
        #expect(finalizers.dropFirst().allSatisfy { $0.outcome == "done" })
    }

    @Test func aFinalizerThatHangsIsAbandonedAndTheNextOneRuns() throws {
        let odd = try OddProgram("hanging-finalizer")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.outputText.contains("next ran"))
        let text = odd.program.errorText
        #expect(text.contains("finalizer 'hangs' abandoned: past its limit"), "\(text)")
        #expect(try odd.report().finalizers.map(\.outcome) == ["abandoned: past its limit", "done"])
        // Something is still running at the end: that is what 70 says.
        #expect(odd.program.ending == .exited(70))
        #expect(try odd.report().ending == .exited(70))
    }

    @Test func aFinalizerWithoutALimitMayUseUpTheShareOfAll() throws {
        let odd = try OddProgram("hanging-finalizer-without-limit")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        let outcomes = try odd.report().finalizers.map(\.outcome)
        #expect(outcomes == ["abandoned: past its limit", "skipped: the budget was used up"])
    }

    @Test func aFinalizerOnTheMainActorRunsWhenMainAnswers() throws {
        let odd = try OddProgram("main-actor-finalizer")
        #expect(odd.end() < OddProgram.budget)
        #expect(odd.program.ending == .signalled(SIGTERM))
        #expect(odd.program.outputText.contains("window ran"))
    }

    @Test func theStatusIsTheBodys() throws {
        let odd = try OddProgram("status-3", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(3))
        #expect(odd.program.errorText.isEmpty)
        #expect(try odd.report().ending == .exited(3))
    }

    @Test func anErrorOfTheBodyIsALineAndStatusOne() throws {
        let odd = try OddProgram("throw", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(1))
        #expect(odd.program.errorText == "odd-program: something odd\n")
    }

    @Test func codeMayAskForTheEndWithAStatus() throws {
        let odd = try OddProgram("ask-in-code", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(4))
        #expect(try odd.report().cause == "enough")
    }

    @Test func aFailureNobodyLooksAtIsSaid() throws {
        let odd = try OddProgram("unseen-failure", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(0))
        #expect(odd.program.errorText.contains("'fails' of 'unseen' failed and nobody looked: something odd"))
    }

    @Test func aFailureWhoseHandleIsKeptIsSaidAtTheEnd() throws {
        let odd = try OddProgram("kept-failure", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(0))
        #expect(odd.program.errorText.contains("'fails' of 'kept' failed and nobody looked: something odd"))
    }

    @Test func aFinalizerRegisteredDuringTheEndRuns() throws {
        let odd = try OddProgram("late-finalizer")
        #expect(odd.end() < OddProgram.budget)
        #expect(odd.program.ending == .signalled(SIGTERM))
        #expect(odd.program.outputText.contains("late ran"))
        #expect(try odd.report().finalizers.map(\.outcome) == ["done"])
    }

    @Test func aFinalizerMayRegisterAnother() throws {
        let odd = try OddProgram("nested-finalizers", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(0))
        #expect(odd.program.outputText == "inner ran\n")
        let finalizers = try odd.report().finalizers
        #expect(finalizers.map(\.name) == ["outer", "without time", "inner"])
        #expect(finalizers.map(\.outcome) == ["done", "skipped: its limit is zero", "done"])
    }

    @Test func aStatusThatTheSystemCannotKeepIsNoSuccess() throws {
        let odd = try OddProgram("status-256", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(255))
        #expect(try odd.report().ending == .exited(255))
    }

    @Test func aBudgetWithoutAnEndHasNone() throws {
        let odd = try OddProgram("endless-budget")
        odd.program.send(SIGTERM)
        #expect(odd.program.waitForEnd() == .signalled(SIGTERM))
        #expect(odd.program.outputText.hasSuffix("tidy\n"))
    }

    @Test func outputThatNobodyReadsIsNamed() throws {
        let odd = try OddProgram("prints-much", untilReady: false) { $0.output = .smallPipe }
        odd.program.readsOutput = false
        #expect(odd.program.waitForEnd(within: .seconds(5)) == .exited(70))
        #expect(
            odd.program.errorText.contains("'standard output' abandoned: nobody reads it"), "\(odd.program.errorText)")
        #expect(try odd.report().ending == .exited(70))
    }

    @Test func outputThatIsReadSlowlyIsWaitedFor() throws {
        let odd = try OddProgram("prints-much", untilReady: false) { $0.output = .smallPipe }
        odd.program.readsOutput = false
        // Its pipe is full: it is at its end, and waits for the reader.
        #expect(odd.program.wait { odd.program.unreadOutput == 4_096 })
        odd.program.readsOutput = true
        #expect(odd.program.waitForEnd(within: .seconds(5)) == .exited(0))
        #expect(odd.program.outputText.hasSuffix("line 9999 of many\n"))
    }

    @Test func anExitHandlerThatHangsIsNamed() throws {
        let odd = try OddProgram("hanging-atexit", untilReady: false)
        #expect(odd.program.waitForEnd(within: .seconds(5)) == .exited(70))
        #expect(odd.program.errorText.contains("'exit' abandoned: a handler of atexit did not return"))
        #expect(try odd.report().ending == .exited(70))
    }

    @Test func aSignalThatEndsACallOfMainIsTheCause() throws {
        var interrupted = 0
        for _ in 0..<20 {
            let odd = try OddProgram("interrupted-main")
            odd.program.send(SIGTERM)
            // The system may give the signal to another thread: then main sleeps on, and is late.
            let ending = odd.program.waitForEnd()
            #expect(ending == .signalled(SIGTERM) || ending == .exited(70))
            #expect(try odd.report().cause == "SIGTERM")
            if ending == .signalled(SIGTERM) { interrupted += 1 }
        }
        #expect(interrupted > 0, "main was never interrupted")
    }

    /// A stream that was closed at the start stays so: nothing of Roost gets its number.
    @Test(arguments: ["<&-", ">&-", "<&- >&-", "<&- >&- 2>&-"]) func streamsClosedAtTheStart(_ closed: String) throws {
        let workspace = try Workspace()
        let shell = try Program(
            Launch("/bin/sh", ["-c", "\"$0\" streams \(closed)", Executables.odd], in: workspace))
        #expect(shell.waitForEnd(within: .seconds(10)) == .exited(0))
        let streams = try #require(workspace.text(of: "home/streams")).split(separator: "\n")
        try #require(streams.count == 3)
        // Open the wrong way round, so that it fails as it did: the input for writing, the others for reading.
        let fillers = ["/dev/null \(O_WRONLY)", "/dev/null \(O_RDONLY)", "/dev/null \(O_RDONLY)"]
        for (stream, sign) in ["<&-", ">&-", "2>&-"].enumerated() {
            let isClosed = closed.split(separator: " ").contains { $0 == sign }
            #expect((streams[stream] == fillers[stream]) == isClosed, "\(stream): \(streams[stream])")
        }
    }

    @Test func aThreadThatKeepsTheLockOfStandardOutput() throws {
        let odd = try OddProgram("stdio-lock")
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        // Every worker has stopped: the end is the signal's.
        #expect(odd.program.ending == .signalled(SIGTERM))
        let returning = try OddProgram("stdio-lock-and-return", untilReady: false)
        #expect(returning.program.waitForEnd(within: .seconds(10)) == .exited(5))
    }

    @Test func aThreadThatKeepsTheLockOfTheAllocator() throws {
        let odd = try OddProgram("allocator-lock") { $0.environment["MALLOC_ARENA_MAX"] = "1" }
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        #expect(odd.program.errorText.contains("did not end within"), "\(odd.program.errorText)")
        odd.expectNothingLeft()
    }

    /// What is written past the budget was prepared before, and names who is late, in words and as JSON.
    @Test func theBackstopNamesTheLateWithoutAllocating() throws {
        let odd = try OddProgram("allocator-lock-while-late", untilReady: false) {
            $0.environment["MALLOC_ARENA_MAX"] = "1"
        }
        #expect(odd.program.wait { odd.program.outputText.contains("started") })
        #expect(odd.end() < OddProgram.budget + OddProgram.slack)
        #expect(odd.program.ending == .exited(70))
        #expect(odd.program.outputText.contains("ready"), "the allocator was still there")
        #expect(odd.program.errorText.contains("late: 'count letters' of 'letters'"), "\(odd.program.errorText)")
        let report = try odd.report()
        #expect(report.lateWorkers == ["count letters"])
        #expect(report.stragglers[0].lastCheckpoint?.file == "odd_program/Surroundings.swift")
        #expect(report.ending == .exited(70))
    }

    @Test func nothingOfTheSignalsLeaksIntoChildren() throws {
        let odd = try OddProgram("children", untilReady: false)
        #expect(odd.program.waitForEnd() == .exited(0))
        let lines = odd.program.outputText.split(separator: "\n").map { $0.split(separator: " ", maxSplits: 1) }
        #expect(lines.map { String($0[0]) } == ["before", "main", "worker", "thread"])
        #expect(Set(lines.map { $0[1] }).count == 1, "\(odd.program.outputText)")
    }
}
