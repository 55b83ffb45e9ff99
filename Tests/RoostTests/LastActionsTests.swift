import Testing

@testable import Roost

/// What is done between the last event of a shutdown and the end of the process.
@Suite struct LastActionsTests {
    @Test func oneThatWaitsTakesNothingFromTheOthers() async throws {
        try await withDeadline {
            let shutdown = Shutdown(root: WorkRoot())
            let isWritten = Parker()
            let wasInTime = Log<Bool>()
            shutdown.onLast { deadline in wasInTime.add(isWritten.park(until: deadline)) }
            shutdown.onLast { _ in isWritten.unpark() }
            try await onThread { shutdown.runLast(until: .now + .seconds(20)) }
            #expect(wasInTime.all == [true])
        }
    }

    @Test func oneThatDoesNotReturnIsNotWaitedForBeyondTheDeadline() async throws {
        try await withDeadline {
            let shutdown = Shutdown(root: WorkRoot())
            let (gate, isOver) = (Gate(), Gate())
            shutdown.onLast { _ in
                gate.wait()
                isOver.open()
            }
            try await onThread { shutdown.runLast(until: .now + .milliseconds(20)) }
            #expect(!isOver.isOpen)
            gate.open()
            await isOver.passed()
        }
    }

    @Test func withoutAnyNothingIsWaitedFor() {
        // Would it wait, this would be noticed.
        Shutdown(root: WorkRoot()).runLast(until: .now + .seconds(600))
    }
}
