import Testing

@testable import Roost

@Suite struct LaunchStateMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000)

    private func stage(
        _ name: String, _ importance: LaunchStage.Importance = .required, isForSafeMode: Bool = false,
        hasUndo: Bool = true
    ) -> LaunchStateMachine.Stage {
        .init(
            name: name, importance: importance, place: .worker, limit: .seconds(5), isForSafeMode: isForSafeMode,
            hasUndo: hasUndo)
    }

    private func machine(
        _ stages: LaunchStateMachine.Stage..., history: LaunchHistory = LaunchHistory(), mode: LaunchMode = .normal
    ) -> LaunchStateMachine {
        LaunchStateMachine(program: "test", stages: stages, history: history, mode: mode)
    }

    /// What the machine wants done, without the shows.
    private func words(_ actions: [LaunchStateMachine.Action]) -> [String] {
        actions.compactMap {
            switch $0 {
            case .show: nil
            case .notice(let text): text
            case .closeSplash: "close"
            case .run(let index): "run \(index)"
            case .undo(let index): "undo \(index)"
            case .ask(let question): "ask \(question.answers.map(\.rawValue).joined(separator: "/"))"
            case .end: "end"
            }
        }
    }

    private func end(
        _ machine: inout LaunchStateMachine, _ result: LaunchStateMachine.StageResult, after: Duration = .zero
    ) -> [String] {
        machine.stageBegan(now: start)
        return words(machine.stageEnded(result, now: start + after))
    }

    @Test func withoutStagesAProgramIsLaunchedAtOnce() {
        var machine = machine()
        expect(words(machine.begin(now: start)), equals: ["close", "end"])
        #expect(machine.report.outcome == .launched)
        #expect(machine.report.isClean)
    }

    @Test func stagesFollowEachOther() {
        var machine = machine(stage("a"), stage("b", .optional))
        let first = machine.begin(now: start)
        expect(words(first), equals: ["run 0"])
        #expect(
            first.first
                == .show(LaunchProgress(program: "test", stage: "a", number: 1, count: 2, mode: .normal, part: 0)))
        expect(end(&machine, .done), equals: ["run 1"])
        expect(end(&machine, .done), equals: ["close", "end"])
    }

    @Test func whatIsLaterThanItsLimitIsLate() {
        var machine = machine(stage("a"), stage("b"))
        _ = machine.begin(now: start)
        _ = end(&machine, .done, after: .seconds(5))
        _ = end(&machine, .done, after: .seconds(5) + .nanoseconds(1))
        #expect(machine.report.stages.map(\.outcome) == [.done, .late])
        #expect(machine.report.outcome == .launched)
        #expect(!machine.report.isClean)
    }

    @Test func anOptionalStageThatFailsIsUndoneAndSkipped() {
        var machine = machine(stage("a", .optional), stage("b"))
        _ = machine.begin(now: start)
        expect(end(&machine, .failed("no")), equals: ["'a' was skipped: no", "undo 0"])
        expect(words(machine.undone(failure: nil, now: start)), equals: ["run 1"])
        #expect(machine.report.stages[0].outcome == .skipped("no"))
        #expect(machine.report.stages[0].undo == .done)
    }

    @Test func aRequiredStageThatFailsIsUndoneAndLeadsToAQuestion() {
        var machine = machine(stage("a"), stage("b"))
        _ = machine.begin(now: start)
        expect(end(&machine, .failed("no")), equals: ["close", "undo 0"])
        expect(words(machine.undone(failure: nil, now: start)), equals: ["ask Try again/Safe mode/Quit"])
        expect(words(machine.answered(.tryAgain, now: start)), equals: ["run 0"])
        expect(end(&machine, .done), equals: ["run 1"])
        #expect(machine.report.stages[0].attempts == 2)
        #expect(machine.report.stages[0].undo == nil)
    }

    @Test func aQuitUndoesTheLastStageFirst() {
        var machine = machine(stage("a"), stage("b", hasUndo: false), stage("c"), stage("d", hasUndo: false))
        _ = machine.begin(now: start)
        for _ in 0..<3 { _ = end(&machine, .done) }
        expect(end(&machine, .failed("no")), equals: ["close", "ask Try again/Safe mode/Quit"])
        expect(words(machine.answered(.quit, now: start)), equals: ["undo 2"])
        let message = "'c' could not be undone: it broke"
        expect(words(machine.undone(failure: "it broke", now: start)), equals: [message, "undo 0"])
        expect(words(machine.undone(failure: nil, now: start + .seconds(1))), equals: ["close", "end"])
        #expect(machine.report.outcome == .quit)
        #expect(machine.report.outcome.exitStatus == 75)
        #expect(machine.report.total == .seconds(1))
        #expect(machine.report.stages.map(\.undo) == [.done, nil, .failed("it broke"), nil])
    }

    @Test func safeModeUndoesWhatWasDoneAndStartsOver() {
        var machine = machine(
            stage("a"), stage("b", .optional), stage("c", .optional, isForSafeMode: true), stage("d"))
        _ = machine.begin(now: start)
        for _ in 0..<3 { _ = end(&machine, .done) }
        expect(end(&machine, .failed("no")), equals: ["close", "undo 3"])
        _ = machine.undone(failure: nil, now: start)
        expect(words(machine.answered(.safeMode, now: start)), equals: ["undo 2"])
        expect(words(machine.undone(failure: nil, now: start)), equals: ["undo 1"])
        expect(words(machine.undone(failure: nil, now: start)), equals: ["undo 0"])
        let actions = machine.undone(failure: nil, now: start)
        expect(words(actions), equals: ["run 0"])
        #expect(
            actions.first
                == .show(LaunchProgress(program: "test", stage: "a", number: 1, count: 3, mode: .safe, part: 0)))
        expect(end(&machine, .done), equals: ["run 2"])
        expect(end(&machine, .done), equals: ["run 3"])
        // There is no safer mode to offer.
        expect(end(&machine, .failed("still no")), equals: ["close", "undo 3"])
        expect(words(machine.undone(failure: nil, now: start)), equals: ["ask Try again/Quit"])
        expect(words(machine.answered(.tryAgain, now: start)), equals: ["run 3"])
        expect(end(&machine, .done), equals: ["close", "end"])
        #expect(machine.report.outcome == .safeMode)
        #expect(machine.report.stages[1].outcome == .skipped("it is not part of safe mode"))
    }

    @Test func anAnswerThatWasNotOfferedIsAQuit() {
        var machine = machine(stage("a", hasUndo: false))
        _ = machine.begin(now: start)
        _ = end(&machine, .failed("no"))
        expect(words(machine.answered(.startNormally, now: start)), equals: ["close", "end"])
        #expect(machine.report.outcome == .quit)
    }

    @Test func anOptionalStageIsSkippedAfterTwoCrashesARequiredOneIsNot() {
        let history = LaunchHistory(crashedStarts: 2, stageCrashes: ["a": 2, "b": 2, "c": 1])
        var machine = machine(stage("a", .optional), stage("b"), stage("c", .optional), history: history)
        let message = "'a' was skipped: the last 2 starts that ran it crashed in it"
        expect(words(machine.begin(now: start)), equals: [message, "run 1"])
        expect(end(&machine, .done), equals: ["run 2"])
        #expect(machine.report.notices == [message])
    }

    @Test func afterThreeCrashedStartsSomebodyIsAskedFirst() {
        let history = LaunchHistory(crashedStarts: 3)
        var first = machine(stage("a"), stage("b", .optional), history: history)
        expect(words(first.begin(now: start)), equals: ["ask Safe mode/Start normally/Quit"])
        expect(words(first.answered(.startNormally, now: start)), equals: ["run 0"])
        expect(end(&first, .done), equals: ["run 1"])
        var second = machine(stage("a"), stage("b", .optional), history: history)
        _ = second.begin(now: start)
        expect(words(second.answered(.safeMode, now: start)), equals: ["run 0"])
        expect(end(&second, .done), equals: ["close", "end"])
        #expect(second.report.outcome == .safeMode)
        var third = machine(stage("a"), history: history)
        _ = third.begin(now: start)
        expect(words(third.answered(.quit, now: start)), equals: ["close", "end"])
        #expect(third.report.outcome == .quit)
        // Nobody is asked who has said so already.
        var fourth = machine(stage("a"), history: history, mode: .safe)
        expect(words(fourth.begin(now: start)), equals: ["run 0"])
    }

    @Test func aStopEndsItFromEverywhere() {
        var entering = machine(stage("a"))
        _ = entering.begin(now: start)
        expect(words(entering.stopped("SIGTERM", now: start)), equals: ["close", "end"])
        #expect(entering.report.stages[0].outcome == .stopped("SIGTERM"))
        #expect(entering.report.stages[0].undo == nil)

        var running = machine(stage("a"), stage("b"), stage("c"))
        _ = running.begin(now: start)
        _ = end(&running, .done)
        running.stageBegan(now: start)
        expect(words(running.stopped("SIGTERM", now: start)), equals: ["close", "end"])
        #expect(running.report.stages.map(\.outcome) == [.done, .stopped("SIGTERM"), .notReached])
        #expect(running.report.stages.map(\.undo) == [.leftToShutdown, .leftToShutdown, nil])
        // What comes late is ignored.
        let before = running.report
        expect(words(running.stageEnded(.done, now: start)), equals: [])
        expect(words(running.stopped("again", now: start)), equals: [])
        #expect(running.report == before)

        var asking = machine(stage("a"))
        _ = asking.begin(now: start)
        _ = end(&asking, .failed("no"))
        expect(words(asking.stopped("SIGTERM", now: start)), equals: ["close", "end"])
        expect(words(asking.undone(failure: nil, now: start)), equals: [])
        expect(words(asking.answered(.tryAgain, now: start)), equals: [])
        #expect(asking.report.outcome == .stopped)
        #expect(asking.report.stages[0].undo == .leftToShutdown)
    }

    @Test func aPartOfAStageIsShownWhileItRunsAlone() {
        var machine = machine(stage("a"), stage("b"))
        _ = machine.begin(now: start)
        expect(machine.partDone(0.5, of: 0) == nil)
        machine.stageBegan(now: start)
        #expect(machine.partDone(0.5, of: 0)?.fraction == 0.25)
        _ = machine.stageEnded(.done, now: start)
        expect(machine.partDone(0.9, of: 0) == nil)
    }
}
