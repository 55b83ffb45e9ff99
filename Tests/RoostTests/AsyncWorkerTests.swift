import CRoostPlatform
import RoostTesting
import Testing

@testable import Roost

@Suite struct AsyncWorkerTests {
    typealias Context = AsyncWorkerContext<WorkerProgress>

    @Test func anAsyncBodyAndItsChildrenRunOnThePool() async throws {
        try await withDeadline {
            let scope = makeScope()
            let pool = scope.pool.core
            let worker = scope.start("async") { (_: Context) in
                await Task.yield()
                let own = PoolThread.current?.pool === pool
                let children = await withTaskGroup(of: Bool.self) { group in
                    for _ in 0..<8 { group.addTask { PoolThread.current?.pool === pool } }
                    return await group.reduce(true) { $0 && $1 }
                }
                return own && children
            }
            let wereOnThePool = try await worker.value
            #expect(wereOnThePool)
        }
    }

    @Test func aSuspendedBodyOwnsNoThread() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(threads: 1, time: clock)
            let sleepers = (0..<10).map { number in
                scope.start("sleeps") { (worker: Context) in
                    try await worker.sleep(for: .seconds(1))
                    return number
                }
            }
            await clock.waitForSleepers(10)
            let other = scope.start("runs meanwhile") { _ in 1 }
            try await expect(other.value, equals: 1)
            #expect(scope.pool.asyncWorkers.count == 10)
            clock.advance(by: .seconds(1))
            for (number, sleeper) in sleepers.enumerated() { try await expect(sleeper.value, equals: number) }
            #expect(scope.pool.asyncWorkers.isEmpty)
        }
    }

    @Test func aStopEndsASleepAndCancelsTheTask() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let sleeping = scope.start("sleeps") { (worker: Context) in try await worker.sleep(for: .seconds(100)) }
            let cancellable = scope.start("cancellable") { (_: Context) in
                try await clock.sleep(for: .seconds(100))
            }
            await clock.waitForSleepers(2)
            scope.stop(.deadline)
            await #expect(throws: StopError(.parentStopped(.deadline))) { try await sleeping.value }
            // It threw CancellationError, because it was stopped: that is a stop, not a failure.
            #expect(await cancellable.endingKind == "stopped")
            #expect(clock.pending == 0)
        }
    }

    @Test func aCancellationErrorWithoutAStopIsAFailure() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("throws") { (_: Context) in throw CancellationError() }
            #expect(await worker.endingKind == "failed")
        }
    }

    @Test func stoppedBeforeItsFirstStepTheBodyIsNotEntered() async throws {
        try await withDeadline {
            // The timer of a worker's limit is armed when it has begun, and its body is not entered yet.
            let time = StopsWhenAsked()
            let scope = makeScope(time: time)
            let entered = Log<Int>()
            let worker = scope.start("begins", options: .init(timeLimit: .seconds(60))) { (_: Context) in entered.add(1)
            }
            time.action.withLock { $0 = { _ = worker.stop() } }
            time.mayGoOn.open()
            #expect(await worker.endingKind == "stopped")
            #expect(time.asked.isOpen)
            #expect(entered.all.isEmpty)
        }
    }

    @Test func anAbandonedBodyEndsWithoutAThreadAndWhatItReturnsIsIgnored() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let gate = Gate()
            let entered = Gate()
            let census = Census()
            let start = { @Sendable () -> WorkerHandle<Int, WorkerProgress> in
                let member = census.makeMember()
                return scope.start("suspended") { (worker: Context) in
                    try await worker.checkpoint()
                    entered.open()
                    await gate.passed()
                    member.touch()
                    return 9
                }
            }
            let worker = start()
            await entered.passed()
            scope.cut()
            clock.advance(by: .seconds(30))
            guard case .abandoned(let straggler) = await worker.ending else {
                Issue.record("\(await worker.ending)")
                return
            }
            #expect(straggler.thread == nil)
            #expect(straggler.lastCheckpoint?.file == "RoostTests/AsyncWorkerTests.swift")
            #expect("\(straggler)".contains("async: no thread, no stack"))
            gate.open()
            // Its body has returned once what it captured is gone.
            try await eventually { census.count == 0 }
            #expect(await worker.endingKind == "abandoned")
        }
    }

    @Test func runIsStructured() async throws {
        try await withDeadline {
            let scope = makeScope()
            try await expect(scope.run("value") { _ in 3 }, equals: 3)
            try await expect(scope.run("async value") { (_: Context) in 4 }, equals: 4)
            await #expect(throws: TestFailure()) { try await scope.run("fails") { _ in throw TestFailure() } }
            let running = Gate()
            let ended = Log<String>()
            let caller = Task {
                try await scope.run("long") { worker in
                    running.open()
                    defer { ended.add("body") }
                    while true { try worker.checkpoint() }
                }
            }
            await running.passed()
            caller.cancel()
            await #expect(throws: CancellationError.self) { try await caller.value }
            #expect(ended.all == ["body"], "run returns only after the worker has ended")
        }
    }

    @Test func waitingForItsOwnPoolOrScopeIsRefused() async throws {
        try await withDeadline {
            let scope = makeScope()
            let pool = scope.pool
            let worker = scope.start("waits for itself") { (_: Context) in
                let ofPool = await #expect(throws: WorkerPoolError.self) { try await pool.done() }
                #expect(ofPool?.code == .waitFromOwnWorker)
                let ofScope = await #expect(throws: WorkerPoolError.self) { try await scope.drained() }
                #expect(ofScope?.code == .waitFromOwnWorker)
                // A child of the body would keep the body from ending just the same.
                async let child: Void = pool.done()
                do {
                    try await child
                    Issue.record("a child of the body waited for the body's pool")
                } catch let error as WorkerPoolError {
                    #expect(error.code == .waitFromOwnWorker)
                }
            }
            #expect(await worker.endingKind == "finished")
        }
    }

    @Test func aCallbackOfAWorkersUpdateMayWaitForThePool() async throws {
        try await withDeadline {
            // The port's task is made by whoever reports first; it must not pass for a part of that worker.
            let scope = makeScope()
            let pool = scope.pool
            let result = OneShot<String>()
            let actor = TestActor()
            let worker = scope.start("reports", reporting: Int.self) { (worker: AsyncWorkerContext<Int>) in
                worker.report(1)
            }
            worker.onUpdate(on: .actor(actor)) { _ in
                do {
                    try pool.waitForDone(within: .seconds(20))
                    result.resolve("waited")
                } catch {
                    result.resolve("\(error)")
                }
            }
            #expect(await result.value == "waited")
        }
    }

    @Test func waitForDoneWaitsForSuspendedBodies() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let worker = scope.start("sleeps") { (worker: Context) in try await worker.sleep(for: .seconds(1)) }
            await clock.waitForSleepers(1)
            let pool = scope.pool
            let isDone = try await onThread { try pool.waitForDone(within: .milliseconds(5)) }
            #expect(!isDone)
            clock.advance(by: .seconds(1))
            try await pool.done()
            #expect(worker.state == .ended)
        }
    }

    @Test func stopAllReachesSuspendedBodies() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let worker = scope.start("sleeps") { (worker: Context) in try await worker.sleep(for: .seconds(1)) }
            await clock.waitForSleepers(1)
            scope.pool.stopAll(.requested("all"))
            await #expect(throws: StopError(.requested("all"))) { try await worker.value }
        }
    }
}

actor TestActor {}

/// The system's time, and an action that is called on the thread that asks for a timer.
private final class StopsWhenAsked: TimeSource {
    let asked = Gate()
    let mayGoOn = Gate()
    // Let go once it was called: it holds a worker, whose scope holds this.
    let action = Locked<(@Sendable () -> Void)?>(nil)

    var now: MonotonicTime { .now }

    func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration {
        mayGoOn.wait()
        let stop = self.action.withLock { stored in
            defer { stored = nil }
            return stored
        }
        stop?()
        asked.open()
        return SystemTime.shared.schedule(after: delay, action)
    }
}
