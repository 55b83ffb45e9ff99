import Testing

@testable import RoostGTK

@Suite struct ClosingStateMachineTests {
    private func closing(scopes: Int = 1) -> ClosingStateMachine {
        var machine = ClosingStateMachine()
        _ = machine.closeAsked(scopes: scopes)
        return machine
    }

    private func expect(
        _ action: ClosingStateMachine.Action, is expected: ClosingStateMachine.Action,
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(action == expected, sourceLocation: sourceLocation)
    }

    @Test func aWindowWithoutScopesGoesAtOnce() {
        var machine = ClosingStateMachine()
        expect(machine.closeAsked(scopes: 0), is: .takeDown)
        #expect(machine.state == .gone)
        expect(machine.closeAsked(scopes: 0), is: .none)
        expect(machine.closeNow(), is: .none)
    }

    @Test func itGoesWithTheLastOfItsScopes() {
        var machine = closing(scopes: 2)
        #expect(machine.state == .closing)
        expect(machine.settled(round: 1), is: .none)
        expect(machine.settled(round: 1), is: .takeDown)
        expect(machine.settled(round: 1), is: .none)
    }

    @Test func askedASecondTimeItGoesAtOnce() {
        var machine = closing()
        expect(machine.closeAsked(scopes: 1), is: .takeDown)
        expect(machine.settled(round: 1), is: .none)
    }

    @Test func keptOpenItForgetsTheCloseThatWasCalledOff() {
        var machine = closing()
        #expect(machine.mayKeepOpen)
        expect(machine.keepOpen(), is: .reopen)
        #expect(machine.state == .open)
        expect(machine.settled(round: 1), is: .none)
        expect(machine.closeAsked(scopes: 1), is: .beginClosing)
        expect(machine.settled(round: 1), is: .none)
        expect(machine.settled(round: 2), is: .takeDown)
    }

    @Test func onceTheProcessEndsNothingIsKeptOpen() {
        var machine = closing()
        machine.processEnding()
        #expect(!machine.mayKeepOpen)
        expect(machine.keepOpen(), is: .none)
        expect(machine.closeNow(), is: .takeDown)
    }

    @Test func aScopeThatComesWhileItClosesIsWaitedFor() {
        var machine = ClosingStateMachine()
        #expect(machine.scopeAdded() == false)
        #expect(machine.closeAsked(scopes: 1) == .beginClosing)
        #expect(machine.scopeAdded() == true)
        #expect(machine.settled(round: 1) == .none)
        #expect(machine.settled(round: 1) == .takeDown)
        #expect(machine.scopeAdded() == false)
    }

    @Test func whatSomebodyElseDestroyedIsTakenDownOnce() {
        var open = ClosingStateMachine()
        #expect(open.destroyed() == .takeDown)
        #expect(open.destroyed() == .none && open.closeAsked(scopes: 1) == .none)
        var closing = ClosingStateMachine()
        #expect(closing.closeAsked(scopes: 1) == .beginClosing)
        #expect(closing.destroyed() == .takeDown)
        #expect(closing.settled(round: 1) == .none)
    }
}
