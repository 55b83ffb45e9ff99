import RoostTesting
import Testing

@testable import Roost

/// A failure that nobody looks at goes once to the hook. The hook is the process's, so these run one after the other, and
/// each looks for its own worker's name only.
@Suite(.serialized) struct UnobservedFailureTests {
    private static let log = Log<String>()

    private static let installed: Void = UnobservedFailure.handle { failure in
        log.add("\(failure.scope)/\(failure.worker): \(failure.error)")
    }

    private func seen(_ name: String) -> [String] { Self.log.all.filter { $0.contains("/\(name):") } }

    init() { Self.installed }

    @Test func anUnobservedFailureIsReportedExactlyOnce() async throws {
        try await withDeadline {
            let scope = makeScope()
            for _ in 0..<20 { scope.start("unseen") { _ in throw TestFailure(text: "unseen failure") } }
            try await scope.drained()
            try await eventually { seen("unseen").count == 20 }
            try await scope.pool.done()
            await scope.close()
            #expect(seen("unseen").count == 20)
            #expect(seen("unseen")[0] == "scope/unseen: TestFailure(text: \"unseen failure\")")
        }
    }

    @Test func aFailureWhoseHandleIsKeptIsReportedAtTheEndOfTheProcess() async throws {
        try await withDeadline {
            let root = WorkRoot()
            let scope = WorkerScope("kept", pool: makePool(), root: root)
            let kept = scope.start("kept for ever") { _ in throw TestFailure() }
            let seenInTime = scope.start("looked at in time") { _ in throw TestFailure() }
            try await scope.drained()
            _ = await seenInTime.ending
            HeldFailures.report(of: WorkRoot())
            #expect(seen("kept for ever").isEmpty, "the end of another root")
            HeldFailures.report(of: root)
            HeldFailures.report(of: root)
            #expect(seen("kept for ever").count == 1)
            #expect(seen("looked at in time").isEmpty)
            withExtendedLifetime((kept, seenInTime)) {}
        }
    }

    @Test func theLastWorkerOfAnIdlePoolIsReportedToo() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            scope.start("last of an idle pool") { _ in throw TestFailure() }
            // Nothing else is started: the thread that ran it must not hold it while it waits for work.
            try await eventually { seen("last of an idle pool").count == 1 }
            withExtendedLifetime(scope) {}
        }
    }

    @Test func aFailureThatWasLookedAtIsNotReported() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            do {
                let awaited = scope.start("seen by value") { _ -> Int in throw TestFailure() }
                _ = try? await awaited.value
                let ended = scope.start("seen by ending") { _ in throw TestFailure() }
                _ = await ended.ending
                let called = scope.start("seen by onEnd") { _ in throw TestFailure() }
                called.onEnd(on: port) { _ in }
                await port.waitForJobs(1)
                port.drain()
                let polled = scope.start("seen by endingIfEnded") { _ in throw TestFailure() }
                try await eventually { polled.endingIfEnded != nil }
            }
            scope.start("seen by nobody") { _ in throw TestFailure() }
            try await eventually { seen("seen by nobody").count == 1 }
            #expect(Self.log.all.filter { $0.contains("seen by") }.count == 1, "\(Self.log.all)")
        }
    }

    @Test func anEndingThatWasCutOffIsUnobserved() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            do {
                let worker = scope.start("cut off") { _ in throw TestFailure() }
                worker.onEnd(on: port) { _ in }
            }
            await port.waitForJobs(1)
            scope.cut()
            port.drain()
            try await eventually { seen("cut off").count == 1 }
        }
    }

    @Test func stopsAndValuesAreNoFailures() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            scope.start("no failure: value") { _ in 1 }
            _ = await scope.startSleeper("no failure: stop")
            scope.stop()
            // The only thread lets go of those before it begins this one.
            scope.start("the last one") { _ in throw TestFailure() }
            try await eventually { seen("the last one").count == 1 }
            #expect(Self.log.all.filter { $0.contains("no failure") }.isEmpty)
        }
    }

    @Test func aWaitThatWasCancelledHasNotSeenTheFailure() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            do {
                let worker = scope.start("its waiter was cancelled") { _ in
                    gate.wait()
                    throw TestFailure()
                }
                let waiting = Task { try await worker.value }
                try await eventually { worker.worker.waiterCount == 1 }
                waiting.cancel()
                await #expect(throws: CancellationError.self) { try await waiting.value }
            }
            gate.open()
            try await eventually { seen("its waiter was cancelled").count == 1 }
        }
    }
}
