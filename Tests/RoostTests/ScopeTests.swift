import RoostTesting
import Testing

@testable import Roost

@Suite struct ScopeTests {
    @Test func keepOpenDisarmsTheDeadlineAndTakesNewWork() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(budget: .seconds(2), time: clock)
            let port = ManualPort()
            let settled = Log<String>()
            let seen = Log<String>()
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            stubborn.onEnd(on: port) { seen.add($0.kind) }
            scope.beginClosing(on: port) { settled.add("first: \($0.stragglers.count)") }
            #expect(scope.phase == .closing)
            #expect(scope.keepOpen())
            #expect(!scope.keepOpen())
            #expect(scope.phase == .open)
            #expect(scope.timeLeft == nil)
            clock.advance(by: .seconds(10))
            #expect(stubborn.state == .stopping, "asked to stop it stays, abandoned it is not")
            let new = scope.start("new") { _ in 3 }
            try await expect(new.value, equals: 3)
            gate.open()
            #expect(await stubborn.endingKind == "finished")
            await port.waitForJobs(1)
            port.drain()
            #expect(seen.all == ["finished"], "it still reports to the open scope")
            scope.beginClosing(on: port) { settled.add("second: \($0.stragglers.count)") }
            await port.waitForJobs(1)
            port.drain()
            #expect(settled.all == ["second: 0"], "the close that was called off settles nothing")
            #expect(!scope.keepOpen())
        }
    }

    @Test func aSettledCloseIsTakenBackForAWindowWithSeveralScopes() async throws {
        try await withDeadline {
            let scope = makeScope(budget: .seconds(2), time: ManualClock())
            let port = ManualPort()
            let settled = Log<String>()
            let seen = Log<Int>()
            for round in 1...3 {
                #expect(!scope.mayTakeCloseBack && !scope.takeCloseBack())
                let worker = scope.start("worker") { _ in round }
                worker.onEnd(on: port) { _ in seen.add(round) }
                try await expect(worker.value, equals: round)
                await port.waitForJobs(1)
                port.drain()
                scope.beginClosing(on: port) { settled.add("\(round): \($0.workers.count)") }
                await port.waitForJobs(1)
                port.drain()
                #expect(scope.phase == .settled && scope.mayTakeCloseBack)
                #expect(scope.takeCloseBack())
                #expect(scope.phase == .open)
            }
            #expect(settled.all == ["1: 0", "2: 0", "3: 0"])
            #expect(seen.all == [1, 2, 3], "it delivers as before")
            await scope.close()
            #expect(!scope.mayTakeCloseBack && !scope.takeCloseBack())
            #expect(await scope.closed.stragglers.isEmpty)
        }
    }

    @Test func aCloseThatLeftSomebodyBehindIsNotTakenBack() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(budget: .seconds(2), time: clock)
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            scope.beginClosing(on: ManualPort()) { _ in }
            clock.advance(by: .seconds(2))
            #expect(await stubborn.endingKind == "abandoned")
            #expect(!scope.mayTakeCloseBack && !scope.takeCloseBack())
            gate.open()
        }
    }

    @Test func aSecondCloseHasAWholeBudgetOfItsOwn() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(budget: .seconds(2), time: clock)
            let port = ManualPort()
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            scope.beginClosing(on: port) { _ in }
            clock.advance(by: .seconds(1))
            #expect(scope.keepOpen())
            scope.beginClosing(on: port) { _ in }
            #expect(scope.timeLeft == .seconds(2))
            clock.advance(by: .milliseconds(1_500))
            #expect(stubborn.state == .stopping)
            clock.advance(by: .milliseconds(500))
            #expect(await stubborn.endingKind == "abandoned")
            gate.open()
        }
    }

    @Test func aSecondCloseMayBeInMoreOfAHurry() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(budget: .seconds(10), time: clock)
            let port = ManualPort()
            let settled = Log<Int>()
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            scope.beginClosing(on: port) { settled.add($0.stragglers.count) }
            scope.beginClosing(within: .seconds(1), on: port) { settled.add($0.stragglers.count) }
            scope.beginClosing(within: .seconds(5), on: port) { settled.add($0.stragglers.count) }
            #expect(scope.timeLeft == .seconds(1))
            clock.advance(by: .seconds(1))
            #expect(await stubborn.endingKind == "abandoned")
            await port.waitForJobs(3)
            port.drain()
            #expect(settled.all == [1, 1, 1])
            scope.beginClosing(on: port) { settled.add($0.stragglers.count) }
            port.drain()
            #expect(settled.count == 4, "a close that is over tells whoever asks later")
            gate.open()
        }
    }

    @Test func aCutScopeCannotBeKeptOpen() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            scope.cut()
            #expect(!scope.keepOpen())
            gate.open()
            _ = await scope.closed
        }
    }

    @Test func beginClosingReportsOnThePort() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            _ = await scope.startSleeper("stops")
            let reports = Log<ScopeReport>()
            scope.beginClosing(.deadline, on: port) { reports.add($0) }
            await port.waitForJobs(1)
            #expect(scope.phase == .settled)
            port.drain()
            #expect(reports.all.first?.workers.map(\.ending) == ["stopped"])
            #expect(reports.all.first?.reason == .deadline)
            scope.cut()
            #expect(scope.phase == .closed)
        }
    }

    @Test func stopStopsTheWorkersAndLeavesTheScopeOpen() async throws {
        try await withDeadline {
            let scope = makeScope()
            let token = scope.token
            let worker = await scope.startSleeper("stops")
            scope.stop(.requested("reset"))
            await #expect(throws: StopError(.parentStopped(.requested("reset")))) { try await worker.value }
            #expect(token.isStopped)
            #expect(!scope.token.isStopped)
            let next = scope.start("next") { _ in 1 }
            try await expect(next.value, equals: 1)
        }
    }

    @Test func workerStartedWhileTheScopeIsStoppedIsNeverLost() async throws {
        try await withDeadline {
            // A worker that comes between the stop of one round and the start of the next belongs to one of them.
            let clock = ManualClock()
            for _ in 0..<scaled(200) {
                let scope = makeScope(threads: 2, time: clock)
                let stopper = inBackground { for _ in 0..<5 { scope.stop() } }
                let workers = (0..<20).map { number in
                    scope.start("\(number)") { worker in while true { try worker.checkpoint() } }
                }
                try await stopper.value
                // Whoever has not ended is in the scope's list, and so will hear of its close.
                try await eventually { scope.workers.count == workers.count { $0.state != .ended } }
                await scope.close()
                for worker in workers { #expect(await worker.endingKind == "stopped") }
            }
        }
    }

    @Test func oneFailureStopsTheOthersWhenAskedTo() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 3, onFailure: .stopOthers)
            let running = [Gate(), Gate()]
            let others = (0..<2).map { number in
                scope.start("other \(number)") { worker in
                    running[number].open()
                    try worker.sleep(for: .seconds(1_000))
                }
            }
            for gate in running { await gate.passed() }
            let failing = scope.start("bad") { _ in throw TestFailure() }
            #expect(await failing.endingKind == "failed")
            for other in others {
                await #expect(throws: StopError(.parentStopped(.siblingFailed("bad")))) { try await other.value }
            }
            try await expect(scope.start("afterwards") { _ in 1 }.value, equals: 1)
        }
    }

    @Test func otherwiseAFailureIsItsOwn() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2)
            let gate = Gate()
            let other = await scope.occupy(1, until: gate)[0]
            #expect(await scope.start("bad") { _ in throw TestFailure() }.endingKind == "failed")
            #expect(other.state == .running)
            gate.open()
        }
    }

    @Test func drainedWaitsForTheLastWorkerAndEndsWithItsTask() async throws {
        try await withDeadline {
            let scope = makeScope()
            try await scope.drained()
            let gate = Gate()
            let busy = await scope.occupy(2, until: gate)
            #expect(scope.workers.map(\.name) == ["busy 1", "busy 2"])
            let cancelled = Task { try await scope.drained() }
            try await eventually { scope.core.state.withLock { $0.drainedWaiters.count } == 1 }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            gate.open()
            try await scope.drained()
            #expect(scope.workers.isEmpty)
            for worker in busy { #expect(worker.state == .ended) }
        }
    }

    @Test func theRootStopsEveryScopeAndNothingStartsAfterwards() async throws {
        try await withDeadline {
            let root = WorkRoot()
            let scopes = (0..<3).map { WorkerScope("\($0)", pool: makePool(1), root: root) }
            let workers = scopes.map { scope in
                scope.start("stops") { worker in try worker.sleep(for: .seconds(1_000)) }
            }
            root.node.stop(.signal(15))
            for worker in workers { #expect(await worker.endingKind == "stopped") }
            #expect(await scopes[0].start("too late") { _ in 1 }.endingKind == "stopped")
            #expect(!scopes[0].keepOpen())
        }
    }
}
