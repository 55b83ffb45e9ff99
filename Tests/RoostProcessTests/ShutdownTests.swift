import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// Guarantee G3 with worker processes: the end of a program and the close of a scope are bounded, and nobody is late, since a process
/// can be ended.
@Suite(.serialized) struct ShutdownTests {
    @Test func aSignalEndsAProgramWithAStubbornTaskInTime() throws {
        let app = try TestApp("stubborn")
        try app.waitUntilReady()
        let asked = ContinuousClock.now
        kill(app.process, SIGTERM)
        let text = app.output()
        #expect(app.endingSignal() == SIGTERM, "\(text)")
        #expect(ContinuousClock.now - asked < .milliseconds(2_500))
        #expect(text.contains("stopped: signal SIGTERM"), "\(text)")
        expectNothingLeft(of: app.process)
    }

    @Test func theEndOfMainStopsWhatRuns() throws {
        let app = try TestApp("leave")
        let text = app.output()
        #expect(text == "left\n")
        #expect(app.status() == 0)
        expectNothingLeft(of: app.process)
    }

    @Test(arguments: [true, false]) func aScopeThatClosesEndsItsTasksWithinItsBudget(isStubborn: Bool) async throws {
        let pool = try SmokeTests.pool()
        let scope = WorkerScope("a window")
        let mine = pool.start(Work(milliseconds: 60_000, isStubborn: isStubborn), in: scope)
        let other = pool.start(Work(milliseconds: 1_000))
        for await _ in mine.updates { break }
        let report = await scope.close(within: .seconds(2))
        #expect(report.stragglers.isEmpty)
        #expect(report.duration < .milliseconds(1_900), "\(report.duration)")
        guard case .stopped(let reason) = await mine.ending else {
            Issue.record("\(await mine.ending)")
            return
        }
        #expect(reason.origin == .windowClosed)
        // Another scope's task is not disturbed.
        _ = try await other.value
        await pool.close()
    }

    @Test func aBudgetThatIsOverEndsTheProcessAtOnce() async throws {
        let pool = try SmokeTests.pool { $0.stopSteps = [StopStep(.ask, wait: .seconds(60)), StopStep(.kill)] }
        let scope = WorkerScope("a window")
        let mine = pool.start(Work(milliseconds: 60_000, isStubborn: true), in: scope)
        for await _ in mine.updates { break }
        let process = try #require(pool.processes.first)
        let report = await scope.close(within: .milliseconds(100))
        #expect(report.stragglers.isEmpty)
        #expect(report.duration < .milliseconds(600))
        let deadline = ContinuousClock.now + .seconds(5)
        while Processes.isAlive(process), ContinuousClock.now < deadline { await Task.yield() }
        #expect(!Processes.isAlive(process))
        await pool.close()
    }

    @Test func nothingIsDeliveredAfterTheCloseOfAScope() async throws {
        let pool = try SmokeTests.pool()
        let port = TaskPort.executor(WorkerPool.shared)
        for _ in 0..<20 {
            let scope = WorkerScope("a window")
            let calls = Locked((count: 0, isClosed: false, late: 0))
            let (firstCall, begun) = AsyncStream<Void>.makeStream()
            let handles = (0..<4).map { _ in
                // Reports until the close stops it.
                let handle = pool.start(Work(milliseconds: 60_000), in: scope)
                let note: @Sendable () -> Void = {
                    calls.withLock { calls in
                        calls.count += 1
                        if calls.isClosed { calls.late += 1 }
                    }
                    begun.yield()
                }
                handle.onUpdate(on: port) { _ in note() }
                handle.onEnd(on: port) { _ in note() }
                return handle
            }
            for await _ in firstCall { break }
            _ = await scope.close()
            _ = await scope.closed
            calls.withLock { $0.isClosed = true }
            for handle in handles { _ = await handle.ending }
            // Behind whatever was on its way.
            await withCheckedContinuation { passed in port.post { passed.resume() } }
            let (count, late) = calls.withLock { ($0.count, $0.late) }
            #expect(count > 0 && late == 0)
        }
        await pool.close()
    }

    /// Tasks that run and tasks that wait: whoever has their handles learns that they were stopped.
    @Test func aPoolThatNobodyHasAnyMoreStopsItsTasks() async throws {
        var pool: ProcessPool? = try SmokeTests.pool { $0.workers = 0...1 }
        let handles = (0..<5).compactMap { _ in pool?.start(Work(milliseconds: 60_000)) }
        for await _ in handles[0].updates { break }
        let worker = try #require(pool?.processes.first)
        pool = nil
        for handle in handles { #expect(await handle.ending(within: .seconds(5))?.kind == "stopped") }
        #expect(await Leftover.isGone(worker, within: .seconds(1)))
    }

    private func expectNothingLeft(of app: Int32) {
        let mark = "ROOST_WORKER_OF=\(app)-"
        let meter = StallMeter()
        let ended = ContinuousClock.now
        Processes.wait(.seconds(5)) { Processes.marked(mark).isEmpty }
        let took = ContinuousClock.now - ended
        meter.stop()
        #expect(took < meter.extended(.milliseconds(100)))
    }
}
