import RoostTesting
import Testing

@testable import Roost

/// G1: every worker ends exactly once, and its ending always arrives.
@Suite struct WorkerEndingTests {
    @Test func finishedWithItsValue() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("adds") { _ in 40 + 2 }
            expect(try await worker.value, equals: 42)
            #expect(await worker.endingKind == "finished")
            #expect(worker.state == .ended)
        }
    }

    @Test func valuesOfEveryKindComeBack() async throws {
        try await withDeadline {
            let scope = makeScope()
            try await expect(scope.start("none") { _ -> Int? in nil }.value, equals: nil)
            try await expect(scope.start("some") { _ -> Int? in 7 }.value, equals: 7)
            try await expect(scope.start("nested") { _ -> Int?? in .some(nil) }.value, equals: .some(nil))
            try await expect(scope.start("list") { _ in ["a", "b"] }.value, equals: ["a", "b"])
            try await scope.start("nothing") { _ in }.value
            let error = try await scope.start("an error as a value") { _ -> any Error in TestFailure() }.value
            #expect(error is TestFailure)
        }
    }

    @Test func failedWithItsError() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("fails") { _ -> Int in throw TestFailure() }
            await #expect(throws: TestFailure()) { try await worker.value }
            #expect(await worker.ending.isFailure)
        }
    }

    @Test func stoppedWhileRunning() async throws {
        try await withDeadline {
            let scope = makeScope()
            let running = Gate()
            let worker = scope.start("loops") { worker in
                running.open()
                while true { try worker.checkpoint() }
            }
            await running.passed()
            #expect(worker.stop(.requested("enough")))
            #expect(!worker.stop(.windowClosed))
            await #expect(throws: StopError(.requested("enough"))) { try await worker.value }
            #expect(await worker.endingKind == "stopped")
            #expect(!worker.stop())
        }
    }

    @Test func stoppedInTheQueueNeverRuns() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let entered = Log<Int>()
            let census = Census()
            let queued: WorkerHandle<Void, WorkerProgress>
            do {
                let member = census.makeMember()
                queued = scope.start("waits") { _ in
                    member.touch()
                    entered.add(1)
                }
            }
            #expect(queued.state == .queued)
            #expect(census.count == 1)
            #expect(queued.stop())
            #expect(queued.state == .ended, "at once, with no thread involved")
            #expect(queued.endingIfEnded?.kind == "stopped")
            #expect(census.count == 0, "what its body captured is let go")
            gate.open()
            #expect(await busy[0].endingKind == "finished")
            try await scope.pool.done()
            #expect(entered.all.isEmpty)
        }
    }

    @Test func timedOut() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let worker = scope.start("slow", options: .init(timeLimit: .seconds(5))) { worker in
                try worker.sleep(for: .seconds(1_000))
            }
            await clock.waitForSleepers(2)
            clock.advance(by: .seconds(5))
            guard case .timedOut(after: .seconds(5)) = await worker.ending else {
                Issue.record("\(await worker.ending)")
                return
            }
            await #expect(throws: WorkerEndedError.self) { try await worker.value }
            #expect(clock.pending == 0)
        }
    }

    @Test func aTimeLimitThatIsKeptIsTakenBack() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let worker = scope.start("quick", options: .init(timeLimit: .seconds(5))) { _ in 1 }
            expect(try await worker.value, equals: 1)
            #expect(clock.pending == 0)
        }
    }

    @Test func abandonedThenItsEndingStays() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let gate = Gate()
            let running = Gate()
            let worker = scope.start("stubborn") { worker in
                try worker.checkpoint()
                running.open()
                gate.wait()
            }
            await running.passed()
            scope.cut()
            clock.advance(by: .seconds(30))
            let straggler = await #expect(throws: Straggler.self) { try await worker.value }
            #expect(straggler?.worker == "stubborn")
            #expect(scope.pool.threads.contains { $0.isAbandoned })
            gate.open()
            // Its body has returned once the pool has the thread back.
            try await eventually { !scope.pool.threads.contains { $0.isAbandoned } }
            #expect(await worker.endingKind == "abandoned")
        }
    }

    @Test func anErrorAfterTheStopIsAFailureAndAValueIsKept() async throws {
        try await withDeadline {
            let scope = makeScope()
            let running = [Gate(), Gate()]
            let failing = scope.start("fails late") { worker in
                running[0].open()
                while !worker.isStopped {}
                throw TestFailure()
            }
            let finishing = scope.start("finishes late") { worker in
                running[1].open()
                while !worker.isStopped {}
                return 7
            }
            for gate in running { await gate.passed() }
            scope.stop()
            #expect(await failing.endingKind == "failed")
            expect(try await finishing.value, equals: 7)
        }
    }

    @Test func theEndingCanBeAwaitedAfterTheCloseAndByMany() async throws {
        try await withDeadline {
            let scope = makeScope()
            let running = Gate()
            let worker = scope.start("loops") { worker in
                running.open()
                while true { try worker.checkpoint() }
            }
            await running.passed()
            let waiters = (0..<20).map { _ in Task { await worker.endingKind } }
            let report = await scope.close()
            #expect(report.isClean)
            for waiter in waiters { #expect(await waiter.value == "stopped") }
            #expect(await worker.endingKind == "stopped")
            let afterwards = scope.start("too late") { _ in 1 }
            #expect(await afterwards.endingKind == "stopped")
            expect(try afterwards.waitForEnding()?.kind, equals: "stopped")
        }
    }

    @Test func cancellingWhoAwaitsTheValueEndsOnlyTheWait() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            let worker = scope.start("waits") { _ in
                gate.wait()
                return 5
            }
            let waiter = Task { try await worker.value }
            try await eventually { worker.worker.waiterCount == 1 }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
            #expect(!worker.token.isStopped)
            gate.open()
            expect(try await worker.value, equals: 5)
        }
    }

    @Test func waitForEndingBlocksAndGivesUp() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            let worker = scope.start("waits") { _ in gate.wait() }
            let early = try await onThread { try worker.waitForEnding(within: .milliseconds(5)) == nil }
            #expect(early)
            gate.open()
            let kind = try await onThread { try worker.waitForEnding()?.kind }
            #expect(kind == "finished")
        }
    }
}
