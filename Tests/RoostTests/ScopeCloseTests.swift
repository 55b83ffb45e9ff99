import CRoostPlatform
import RoostTesting
import Testing

@testable import Roost

/// G3 for a scope: its close is over within its budget, and the late are named.
@Suite struct ScopeCloseTests {
    @Test func theCloseIsOverAtTheBudgetAndNamesTheLate() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("thumbnails", budget: .seconds(2), time: clock)
            let gate = Gate()
            let running = Gate()
            let line = OneShot<Int>()
            let worker = scope.start("decode cat.jpg") { worker in
                try worker.checkpoint()
                line.resolve(#line - 1)
                running.open()
                gate.wait()
            }
            let obedient = scope.start("obedient") { worker in try worker.sleep(for: .seconds(1_000)) }
            await running.passed()
            await clock.waitForSleepers(1)
            let close = Task { await scope.close() }
            #expect(await obedient.endingKind == "stopped")
            try await eventually { clock.pending == 1 }
            clock.advance(by: .milliseconds(1_999))
            #expect(worker.state == .stopping)
            #expect(scope.timeLeft == .milliseconds(1))
            #expect(scope.phase == .closing)
            clock.advance(by: .milliseconds(1))
            // The clock is moved by hand: at the budget's end, not soon after it.
            try #require(worker.state == .ended)
            let report = await close.value
            #expect(report.duration == .seconds(2))
            #expect(!report.isClean)
            let straggler = try #require(report.stragglers.first)
            #expect(report.stragglers.count == 1)
            #expect(straggler.worker == "decode cat.jpg")
            #expect(straggler.scope == "thumbnails")
            #expect(straggler.thread?.hasPrefix("test-") == true)
            #expect(straggler.askedFor == .seconds(2))
            #expect(straggler.lastCheckpoint?.file == "RoostTests/ScopeCloseTests.swift")
            await expect(straggler.lastCheckpoint?.line, equals: line.value)
            // Whoever waits for an ending hears of it before the scope does: their order in the report is either.
            #expect(
                Set(report.workers.map { "\($0.name): \($0.ending)" })
                    == ["obedient: stopped", "decode cat.jpg: abandoned"])
            #expect(report.workers.count == 2)
            #expect("\(report)".contains("'decode cat.jpg' of 'thumbnails' did not stop within 2 s"))
            #expect(scope.phase == .closed)
            gate.open()
        }
    }

    @Test func withTheSystemsClockTheBudgetHoldsToo() async throws {
        try await withDeadline {
            let scope = makeScope(budget: .milliseconds(50))
            let gate = Gate()
            _ = await scope.occupy(2, until: gate)
            let report = await scope.close()
            #expect(report.stragglers.count == 2)
            #expect(report.duration >= .milliseconds(50))
            // The bound is there for a budget that is not kept at all.
            #expect(report.duration < .seconds(20))
            gate.open()
        }
    }

    @Test func anotherScopeIsNotDisturbed() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let pool = makePool(2)
            let closing = WorkerScope("closing", pool: pool, time: clock, root: WorkRoot())
            let other = WorkerScope("other", pool: pool, time: clock, root: WorkRoot())
            let gate = Gate()
            let late = await closing.occupy(1, until: gate)[0]
            let running = Gate()
            let done = Gate()
            let seen = Log<Int>()
            let port = ManualPort()
            let undisturbed = other.start("undisturbed", reporting: Int.self) { worker in
                running.open()
                done.wait()
                worker.report(1)
                return 5
            }
            undisturbed.onUpdate(on: port) { seen.add($0) }
            await running.passed()
            closing.cut()
            clock.advance(by: .seconds(2))
            #expect(await late.endingKind == "abandoned")
            #expect(undisturbed.state == .running)
            // The abandoned thread was replaced: the other scope still has its two.
            let second = other.start("second") { _ in 6 }
            try await expect(second.value, equals: 6)
            done.open()
            try await expect(undisturbed.value, equals: 5)
            port.drain()
            #expect(seen.all == [1])
            gate.open()
        }
    }

    @Test func closingTwiceIsClosingOnce() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = await scope.startSleeper("stops")
            async let first = scope.close(.windowClosed)
            async let second = scope.close(.deadline)
            let reports = await [first, second]
            #expect(reports[0] == reports[1])
            #expect(await worker.endingKind == "stopped")
            scope.cut()
            #expect(await scope.close() == reports[0])
            #expect(await scope.closed == reports[0])
        }
    }

    @Test func anEmptyScopeClosesAtOnce() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let report = await scope.close()
            #expect(report.isClean)
            #expect(report.duration == .zero)
            #expect(clock.pending == 0)
        }
    }

    @Test func queuedWorkersNeverStartAfterTheCloseWasAskedFor() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(threads: 1, time: clock)
            let gate = Gate()
            let entered = Log<Int>()
            _ = await scope.occupy(1, until: gate)
            let queued = (0..<100).map { number in scope.start("\(number)") { _ in entered.add(number) } }
            scope.cut()
            let late = scope.start("after the close") { _ in entered.add(-1) }
            gate.open()
            for worker in queued + [late] { #expect(await worker.endingKind == "stopped") }
            try await scope.pool.done()
            #expect(entered.all.isEmpty)
        }
    }

    /// A stop that reaches thousands takes its time. From its first instant on no queued body is entered.
    @Test func noQueuedBodyIsEnteredWhileAStopIsUnderWay() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2)
            let pool = scope.pool
            let gate = Gate()
            let entered = Log<Int>()
            // Told first of all, by whoever stops, when everything is marked and nobody else has been told: from here the
            // threads become free and take what waits.
            let isWaiting = Gate()
            let first = scope.start("first") { (worker: AsyncWorkerContext<WorkerProgress>) in
                try await withTaskCancellationHandler {
                    isWaiting.open()
                    try await worker.sleep(for: .seconds(1_000))
                } onCancel: {
                    gate.open()
                    let patience = MonotonicTime.now + .seconds(60)
                    while pool.queuedCount > 0, MonotonicTime.now < patience { roost_cpu_pause() }
                }
            }
            await isWaiting.passed()
            let busy = await scope.occupy(2, until: gate)
            let queued = (0..<1_000).map { number in scope.start("\(number)") { _ in entered.add(number) } }
            scope.stop()
            #expect(entered.all.isEmpty)
            for worker in queued { #expect(await worker.endingKind == "stopped") }
            for worker in busy { #expect(await worker.endingKind == "finished") }
            #expect(await first.endingKind == "stopped")
        }
    }

    @Test func aDroppedScopeCloses() async throws {
        try await withDeadline {
            let port = ManualPort()
            let seen = Log<String>()
            var scope: WorkerScope? = makeScope()
            let running = Gate()
            let worker = scope?.start("stops") { worker in
                worker.report(1)
                running.open()
                try worker.sleep(for: .seconds(1_000))
            }
            worker?.onUpdate(on: port) { _ in seen.add("update") }
            worker?.onEnd(on: port) { seen.add($0.kind) }
            await running.passed()
            scope = nil
            await #expect(throws: StopError(.parentStopped(.requested("its scope was dropped")))) {
                try await worker?.value
            }
            port.drain()
            #expect(seen.all.isEmpty)
        }
    }

    @Test func aScopeIsGoneOnceItsLastWorkerHasEnded() async throws {
        try await withDeadline {
            let root = WorkRoot()
            let core: WeakReference<ScopeCore>
            let gate = Gate()
            let port = ManualPort()
            do {
                let scope = WorkerScope("short", pool: makePool(1), closesWithin: .seconds(1_000), root: root)
                core = WeakReference(scope.core)
                let busy = await scope.occupy(1, until: gate)
                busy[0].token.onStop { _ in }
                busy[0].listen(on: port)
                #expect(root.scopes.count == 1)
            }
            gate.open()
            // What still waits on the port holds what it is about.
            try await eventually {
                port.drain()
                return core.object == nil
            }
            #expect(root.node.children.isEmpty)
        }
    }
}

extension WorkerHandle {
    /// Callbacks that nobody takes back.
    fileprivate func listen(on port: ManualPort) {
        onUpdate(on: port) { _ in }
        onSent(on: port) { _ in }
        onEnd(on: port) { _ in }
    }
}
