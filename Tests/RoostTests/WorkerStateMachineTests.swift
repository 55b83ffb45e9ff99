import Testing

@testable import Roost

@Suite struct WorkerStateMachineTests {
    private func machine(_ events: (inout WorkerStateMachine) -> Void) -> WorkerStateMachine {
        var machine = WorkerStateMachine()
        events(&machine)
        return machine
    }

    @Test func beginsOnce() {
        var machine = WorkerStateMachine()
        #expect(machine.current == .queued)
        expect(machine.begin())
        #expect(machine.current == .running)
        expect(!machine.begin())
    }

    @Test func endsOnceFromEveryState() {
        let states: [(inout WorkerStateMachine) -> Void] = [
            { _ in },
            { _ = $0.begin() },
            { _ = ($0.begin(), $0.pause()) },
            { _ = ($0.begin(), $0.pause(), $0.mustWaitAtCheckpoint()) },
            { _ = ($0.begin(), $0.stop()) },
        ]
        for events in states {
            var machine = machine(events)
            expect(machine.end())
            #expect(machine.current == .ended)
            expect(!machine.end())
            expect(!machine.begin())
            expect(!machine.pause())
            expect(!machine.resume())
            expect(!machine.mustWaitAtCheckpoint())
        }
    }

    @Test func stoppedInTheQueueEndsNowAndNeverBegins() {
        var machine = WorkerStateMachine()
        expect(machine.stop(), equals: .endNow)
        expect(!machine.begin())
        expect(machine.stop(), equals: .none)
    }

    @Test func stoppedWhileRunningTellsTheBodyOnce() {
        var machine = machine { _ = $0.begin() }
        expect(machine.stop(), equals: .tellBody)
        #expect(machine.current == .stopping)
        expect(machine.stop(), equals: .none)
        expect(!machine.pause())
    }

    @Test func stopAfterTheEndDoesNothing() {
        var machine = machine { _ = ($0.begin(), $0.end()) }
        expect(machine.stop(), equals: .none)
        #expect(machine.current == .ended)
    }

    @Test func pausingIsNotPaused() {
        var machine = machine { _ = $0.begin() }
        expect(machine.pause())
        #expect(machine.current == .pausing)
        expect(!machine.pause())
        expect(machine.mustWaitAtCheckpoint())
        #expect(machine.current == .paused)
        expect(machine.mustWaitAtCheckpoint())
        expect(machine.resume())
        #expect(machine.current == .running)
        expect(!machine.mustWaitAtCheckpoint())
        expect(!machine.resume())
    }

    @Test func resumedBeforeTheCheckpointNeverWaits() {
        var machine = machine { _ = ($0.begin(), $0.pause()) }
        expect(machine.resume())
        expect(!machine.mustWaitAtCheckpoint())
    }

    @Test func pausedInTheQueueBeginsPausing() {
        var machine = WorkerStateMachine()
        expect(machine.pause())
        expect(!machine.pause(), "paused already")
        #expect(machine.current == .queued)
        expect(machine.begin())
        #expect(machine.current == .pausing)
        expect(machine.mustWaitAtCheckpoint())
    }

    @Test func resumedInTheQueueBeginsRunning() {
        var machine = machine { _ = $0.pause() }
        expect(machine.resume())
        expect(!machine.resume())
        expect(machine.begin())
        #expect(machine.current == .running)
    }

    @Test func stopEndsAPause() {
        var machine = machine { _ = ($0.begin(), $0.pause(), $0.mustWaitAtCheckpoint()) }
        expect(machine.stop(), equals: .tellBody)
        #expect(machine.current == .stopping)
        expect(!machine.mustWaitAtCheckpoint())
    }
}
