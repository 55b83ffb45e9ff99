import Testing

@testable import Roost

@Suite struct ScopeStateMachineTests {
    private let start = MonotonicTime(nanoseconds: 1_000)

    private func closing(unfinished: Int = 1) -> ScopeStateMachine {
        var machine = ScopeStateMachine()
        _ = machine.close(.windowClosed, budget: .seconds(2), unfinished: unfinished, now: start)
        return machine
    }

    @Test func closeWithoutWorkersSettlesAtOnce() {
        var machine = ScopeStateMachine()
        expect(machine.close(.windowClosed, budget: .seconds(2), unfinished: 0, now: start), equals: .settle)
        #expect(machine.state == .settled)
        #expect(machine.deadline == nil)
        expect(!machine.keepOpen())
    }

    @Test func closeWithWorkersStopsThemAndSetsTheDeadline() {
        var machine = ScopeStateMachine()
        expect(machine.close(.deadline, budget: .seconds(2), unfinished: 3, now: start), equals: .stop)
        #expect(machine.state == .closing)
        #expect(machine.deadline == start + .seconds(2))
        #expect(machine.reason == .deadline)
    }

    @Test func aSecondCloseChangesNothing() {
        var machine = closing()
        expect(machine.close(.deadline, budget: .seconds(9), unfinished: 1, now: start), equals: .none)
        #expect(machine.reason == .windowClosed)
        #expect(machine.deadline == start + .seconds(2))
    }

    @Test func ofTwoBudgetsTheOneThatIsOverFirstCounts() {
        var machine = closing()
        expect(
            machine.close(.deadline, budget: .milliseconds(500), unfinished: 1, now: start + .seconds(1)),
            equals: .shorten)
        #expect(machine.deadline == start + .milliseconds(1_500))
        #expect(machine.reason == .windowClosed)
        expect(machine.deadlinePassed(round: 1))
        expect(machine.close(.deadline, budget: .zero, unfinished: 1, now: start + .seconds(1)), equals: .none)
    }

    @Test func drainedSettlesOnlyAClose() {
        var open = ScopeStateMachine()
        expect(!open.drained())
        var machine = closing()
        expect(machine.drained())
        #expect(machine.state == .settled)
        expect(!machine.drained())
    }

    @Test func theDeadlineCountsOnlyForItsOwnClose() {
        var machine = closing()
        let first = machine.round
        expect(machine.keepOpen())
        expect(!machine.deadlinePassed(round: first))
        _ = machine.close(.windowClosed, budget: .seconds(60), unfinished: 1, now: start)
        expect(!machine.deadlinePassed(round: first), "the deadline of the close that was called off")
        expect(machine.deadlinePassed(round: machine.round))
        _ = machine.drained()
        expect(!machine.deadlinePassed(round: machine.round))
    }

    @Test func onceTheDeadlinePassedTheCloseCannotBeCalledOff() {
        var machine = closing()
        expect(machine.deadlinePassed(round: machine.round))
        expect(!machine.keepOpen(), "workers that nobody asked would be abandoned")
        expect(!machine.deadlinePassed(round: machine.round), "once is enough")
        expect(machine.drained())
        #expect(machine.state == .settled)
    }

    @Test func keepOpenReopensAClosingScopeOnly() {
        var machine = closing()
        expect(machine.keepOpen())
        #expect(machine.state == .open)
        #expect(machine.deadline == nil)
        #expect(machine.reason == nil)
        expect(!machine.keepOpen())
    }

    @Test func aSettledCloseCanBeTakenBackUntilItIsCut() {
        var machine = closing()
        expect(!machine.reopen())
        expect(machine.drained())
        expect(machine.reopen())
        #expect(machine.state == .open && machine.askedAt == nil && machine.reason == nil)
        expect(!machine.reopen())
        var cut = closing()
        expect(cut.drained() && cut.cut())
        expect(!cut.reopen())
    }

    @Test func aCutScopeCannotBeKeptOpen() {
        var machine = closing()
        expect(machine.cut())
        expect(!machine.cut())
        expect(!machine.keepOpen())
        expect(machine.drained(), "it settles in the background")
    }
}
