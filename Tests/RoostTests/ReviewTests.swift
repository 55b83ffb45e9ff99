import RoostTesting
import Testing

@testable import Roost

/// Bugs that a review found, each with the interleaving or the input that showed it.
@Suite struct ReviewTests {
    private struct LooksAtItsWorker: Error, CustomStringConvertible {
        let handle: Locked<WorkerHandle<Void, WorkerProgress>?>
        var description: String { "state \(handle.withLock { $0 }.map { "\($0.state)" } ?? "unknown")" }
    }

    @Test(.timeLimit(.minutes(1))) func anErrorThatLooksAtItsWorkerDoesNotKeepTheScopeFromClosing() async {
        let scope = makeScope("looking")
        let own = Locked<WorkerHandle<Void, WorkerProgress>?>(nil)
        let isRunning = OneShot<Void>()
        let worker = scope.start("looks") { worker in
            isRunning.resolve(())
            do { try worker.sleep(for: .seconds(60)) } catch { throw LooksAtItsWorker(handle: own) }
        }
        own.withLock { $0 = worker }
        await isRunning.value
        let report = await scope.close(within: .seconds(30))
        #expect(report.isClean)
        #expect(report.workers.first?.detail == "failed: state ended")
        // The ending holds the error, and the error the handle: a circle of this test's own making.
        own.withLock { $0 = nil }
    }

    @Test(.timeLimit(.minutes(1))) func aCallbackThatNeverReturnsElsewhereDoesNotHoldAClosePastItsBudget() async {
        let clock = ManualClock()
        let scope = makeScope("blocked", time: clock)
        let port = SerialThread("blocked")
        let entered = OneShot<Void>()
        let gate = Parker()
        let worker = scope.start("reports", reporting: Int.self) { worker in worker.report(1) }
        worker.onUpdate(on: port) { _ in
            entered.resolve(())
            gate.park()
        }
        await entered.value
        _ = await worker.ending
        async let report = scope.close(within: .seconds(2))
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(2))
        #expect(await report.isClean)
        #expect(scope.phase == .closed)
        gate.unpark()
        _ = await scope.closed
    }

    @Test(.timeLimit(.minutes(1))) func anAsyncBodyThatBlocksItsThreadDoesNotKeepThePoolFromWorking() async throws {
        let pool = WorkerPool(name: "one", configuration: .init(maximumThreads: 1))
        let blocked = WorkerScope("blocks", pool: pool)
        let other = WorkerScope("other", pool: pool)
        let entered = OneShot<Void>()
        let gate = Parker()
        let stuck = blocked.start("stuck") { (worker: AsyncWorkerContext<WorkerProgress>) async throws -> Void in
            entered.resolve(())
            gate.park()
        }
        await entered.value
        let next = other.start("next") { _ in 7 }
        let report = await blocked.close(within: .milliseconds(50))
        #expect(report.stragglers.map(\.worker) == ["stuck"])
        #expect(try await next.value == 7)
        #expect(pool.threads.contains { $0.isAbandoned })
        gate.unpark()
        _ = await stuck.ending
    }

    @Test(.timeLimit(.minutes(1))) func allThreadsOfAPausedBodyGoOn() async throws {
        let scope = makeScope("many threads")
        let inside = Locked(0)
        let ready = OneShot<Void>()
        let worker = scope.start("fans out") { worker in
            let threads = (0..<3).map { _ in OneShot<Void>() }
            for done in threads {
                _ = PlatformThread.start(name: "part") {
                    if inside.withLock({ count in
                        count += 1
                        return count == 3
                    }) {
                        ready.resolve(())
                    }
                    while (try? worker.checkpoint()) != nil, inside.withLock({ $0 }) < 100 {}
                    done.resolve(())
                }
            }
            let all = Parker()
            for done in threads {
                done.whenResolved { _ in all.unpark() }
                while done.valueIfResolved == nil { all.park() }
            }
        }
        await ready.value
        worker.pause()
        while worker.state != .paused { await Task.yield() }
        inside.withLock { $0 = 100 }
        worker.resume()
        try await worker.value
    }

    @Test(.timeLimit(.minutes(1))) func aContextThatOutlivesItsBodyDoesNotSpeakForAnotherWorker() async throws {
        let pool = WorkerPool(name: "one", configuration: .init(maximumThreads: 1))
        let scope = WorkerScope("leaks", pool: pool)
        // Not as the worker's value: that would be a circle of this test's own making.
        let kept = Locked<WorkerContext<WorkerProgress>?>(nil)
        try await scope.start("first") { worker in
            try worker.checkpoint()
            kept.withLock { $0 = worker }
        }.value
        let leaked = try #require(kept.withLock { $0 })
        let gate = Gate()
        let entered = OneShot<Void>()
        let second = scope.start("second") { _ in
            entered.resolve(())
            gate.wait()
        }
        await entered.value
        try leaked.checkpoint()
        #expect(second.info.lastCheckpoint == nil)
        gate.open()
        _ = await second.ending
    }

    @Test(.timeLimit(.minutes(1))) func aStoppedWorkerThatGoesOnIsNamedWithItsLastCheckpoint() async throws {
        let scope = makeScope("goes on")
        let entered = OneShot<Void>()
        let gate = Gate()
        let passed = OneShot<Void>()
        let worker = scope.start("stubborn") { worker in
            entered.resolve(())
            gate.wait()
            try? worker.checkpoint(file: "Module/Late.swift", line: 77)
            passed.resolve(())
            try worker.token.sleep(for: .seconds(60))
        }
        await entered.value
        worker.stop()
        gate.open()
        await passed.value
        #expect(await worker.ending.kind == "stopped")
        #expect(worker.info.lastCheckpoint == CallSite(file: "Module/Late.swift", line: 77))
    }

    @Test(.timeLimit(.minutes(1))) func aWorkerThatWaitsForItselfIsTold() async {
        let scope = makeScope("itself")
        let own = OneShot<WorkerHandle<Void, WorkerProgress>>()
        let worker = scope.start("narcissus") { worker async throws in
            let handle = await own.value
            await #expect(throws: WorkerPoolError.self) { try await handle.value }
        }
        own.resolve(worker)
        #expect(await worker.ending.kind == "finished")
    }
}
