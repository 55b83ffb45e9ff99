import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Tasks that a worker had not begun go to others, and run once.
@Suite(.serialized) struct TakenBackTests {
    /// A pool with one worker, whose tasks have been short: it gets some ahead.
    private func quickPool(_ change: (inout ProcessPool.Configuration) -> Void = { _ in }) async throws -> ProcessPool {
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.onOutput = { _ in }
            change(&$0)
        }
        for handle in (0..<200).map({ pool.start(Add($0, 1)) }) { _ = try await handle.value }
        return pool
    }

    /// While it is found out of what the worker has died, those behind it, and it itself if it is to be tried again, can be stopped.
    @Test func aStopIsHeardWhileADeathIsLookedInto() async throws {
        for round in 0..<20 {
            let corner = try Corner()
            let pool = try await quickPool { $0.attempts = 3 }
            let worker = try #require(pool.processes.first)
            let victim = pool.start(CrashOnce(1, crashes: 1, log: corner.path("victim")))
            let behind = (0..<8).map { pool.start(Mark($0, log: corner.path("log"), micros: 0)) }
            while kill(worker, 0) == 0 { await Task.yield() }
            for handle in [behind[2], behind[5]] { handle.stop() }
            victim.stop()
            #expect(await victim.ending(within: .seconds(5))?.kind != nil)
            for (number, handle) in behind.enumerated() {
                let ending = try #require(await handle.ending(within: .seconds(5)))
                let ran = Mark.runs(in: corner.path("log")).count { $0.number == number }
                if [2, 5].contains(number) {
                    #expect(
                        ending.kind == "stopped" ? ran == 0 : ran == 1, "round \(round), \(number): \(ending), \(ran)")
                } else {
                    #expect(ending.kind == "finished" && ran == 1, "round \(round), \(number): \(ending), \(ran)")
                }
            }
            await pool.close()
        }
    }

    /// A worker has died, and the app sends it a descriptor before it knows: the task goes to another one, and none fails of it.
    @Test func whatCannotBeSentToADeadWorkerGoesToAnother() async throws {
        func task() -> CountDescriptors { CountDescriptors([TransferredDescriptor(dup(0))]) }
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.onOutput = { _ in }
        }
        #expect(try await pool.run(task()) == 1)
        for round in 0..<200 {
            let worker = try #require(pool.processes.first)
            kill(worker, SIGKILL)
            for handle in (0..<4).map({ _ in pool.start(task()) }) {
                let ending = try #require(await handle.ending(within: .seconds(10)))
                #expect(["finished", "crashed"].contains(ending.kind), "round \(round): \(ending)")
            }
        }
        await pool.close()
    }

    /// The stop comes when the app asks what the dead worker's task worked on: it is not tried again.
    @Test func aStopIsHeardBetweenADeathAndTheNextAttempt() async throws {
        let corner = try Corner()
        let pool = try await quickPool { $0.attempts = 3 }
        let handle = pool.start(CrashWatched(log: corner.path("log"), gate: corner.path("gate")))
        CrashWatched.whenLookedInto.withLock { $0 = { handle.stop() } }
        defer { CrashWatched.whenLookedInto.withLock { $0 = nil } }
        Gate.open(corner.path("gate"))
        let ending = await handle.ending(within: .seconds(5))
        #expect(ending?.kind == "crashed", "\(ending?.description ?? "none")")
        #expect(RunLogFile.numbers(in: corner.path("log")) == [1])
        await pool.close()
    }

    /// A task's result is on its way, and its worker has taken the next one, when it is to be killed: that would end the next one.
    @Test func theNextTaskOutlivesTheOneBeforeIt() async throws {
        let corner = try Corner()
        let pool = try await quickPool { $0.stopSteps = [StopStep(.kill)] }
        let worker = try #require(pool.processes.first)
        // The worker knows the types, and its tasks are short again: it gets some ahead.
        Gate.open(corner.path("open"))
        _ = try await pool.run(GiveGated(gate: corner.path("open")))
        _ = try await pool.run(Doze(2, milliseconds: 0, log: corner.path("warm")))
        try await pool.untilTasksAreShort()
        let held = pool.start(Innocent(1, gate: corner.path("held")))
        for await _ in held.updates { break }
        // While its output is decoded nothing else is heard from the worker.
        let slow = pool.start(GiveGated(gate: corner.path("gate")))
        let over = pool.start(Add(1, 2))
        let next = pool.start(Doze(3, milliseconds: 100, log: corner.path("next")))
        #expect(pool.core.state.withLock { $0.machine.workers.values.map(\.inFlight) } == [4])
        Gate.open(corner.path("held"))
        let deadline = ContinuousClock.now + .seconds(10)
        while RunLogFile.numbers(in: corner.path("next")).isEmpty, ContinuousClock.now < deadline { await Task.yield() }
        #expect(over.endingIfEnded == nil && RunLogFile.numbers(in: corner.path("next")) == [3])
        over.stop()
        Gate.open(corner.path("gate"))
        #expect(try await held.value == 7)
        #expect(await slow.ending(within: .seconds(5))?.kind == "finished")
        #expect(await over.ending(within: .seconds(5))?.kind == "finished")
        let ending = await next.ending(within: .seconds(5))
        #expect(ending?.kind == "finished", "\(ending?.description ?? "none")")
        #expect(RunLogFile.numbers(in: corner.path("next")) == [3])
        // It was to be ended, and gets nothing more.
        #expect(try await pool.run(Add(2, 3)) == 5)
        #expect(!pool.processes.contains(worker))
        await pool.close()
    }

    /// A task is given to a worker, and then it is decided that the worker is killed, and then the task is sent.
    @Test func nothingIsSentToAWorkerThatIsAboutToBeKilled() async throws {
        final class SentByHand: RemoteWork {
            func enqueue() {}
            func stop(_ reason: StopReason) {}
            func pauseChanged() {}
            func kill() {}
        }
        let corner = try Corner()
        let pool = try await quickPool()
        let worker = try #require(pool.core.state.withLock { $0.workers.values.first })
        // Known to the worker, so that the task goes at once.
        #expect(try await pool.run(Mark(1, log: corner.path("log"), micros: 0)) == 1)
        let task = Mark(2, log: corner.path("log"), micros: 0)
        let job = SingleJob(
            task, id: pool.core.nextJob(), pool: pool.core, type: try TaskType(Mark.self),
            payload: try TaskCoding.encode(task), limits: TaskLimits(), level: Int(WorkerPriority.normal.rawValue))
        let handle = pool.scope.startRemote("by hand", options: WorkerOptions(), work: SentByHand()) { job.adopt($0) }
        pool.core.decide { state in
            let actions = state.machine.submit(job, priority: job.level)
            _ = state.machine.retire(worker.number)
            state.machine.doom(worker.number)
            return actions
        }
        let ending = await handle.ending(within: .seconds(5))
        #expect(ending?.kind == "finished", "\(ending?.description ?? "none")")
        let run = try #require(Mark.runs(in: corner.path("log")).last)
        #expect(run.number == 2 && run.process != worker.pid)
        await pool.close()
    }

    /// Its worker takes its time: the look at limits goes on, or begins again.
    @Test func limitsHoldForATaskThatHasWaitedLong() async throws {
        let corner = try Corner()
        var configuration = ProcessPool.Configuration(name: "late", workers: 0...1, executable: .path(TestWorker.path))
        configuration.onOutput = { _ in }
        configuration.takesBacktraces = false
        let pool = try ProcessPool(configuration, setup: Settings("late", log: corner.path("setups"), end: .isLate))
        let endless = pool.start(Endless(isBusy: false), limits: TaskLimits(time: .milliseconds(200)))
        let ending = await endless.ending(within: .seconds(10))
        guard case .crashed(let error) = ending, let crash = error as? TaskCrash else {
            Issue.record("\(ending?.description ?? "it runs on")")
            return
        }
        #expect(crash.cause == .timeLimit(.milliseconds(200)))
        await pool.close()
    }

    /// The task's result is there, and its worker hangs in what comes after it, or is stopped by somebody.
    @Test(arguments: [true, false]) func theNextTaskDoesNotWaitForAWorkerThatTakesNothing(isStopped: Bool) async throws
    {
        let pool = try await quickPool()
        let worker = try #require(pool.processes.first)
        if isStopped { kill(worker, SIGSTOP) } else { _ = try await pool.run(HangInTheEnd()) }
        #expect(await pool.start(Add(1, 2)).ending(within: .seconds(8))?.kind == "finished")
        #expect(!pool.processes.contains(worker))
        await pool.close()
    }

    /// All that waits is ended at once: with a depth of calls for each it would not come to its end.
    @Test func tensOfThousandsOfWaitingTasksEndAtOnce() async throws {
        let corner = try Corner()
        let pool = try await quickPool()
        let held = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in held.updates { break }
        let handles = (0..<30_000).map { pool.start(Add($0, 1)) }
        for handle in handles { handle.stop() }
        Gate.open(corner.path("gate"))
        for handle in handles { #expect(await handle.ending.kind == "stopped") }
        let refused = (0..<30_000).map { pool.start(Add($0, 1)) }
        await pool.close()
        for handle in refused { _ = await handle.ending }
    }

    @Test(arguments: [true, false]) func aCopyOfAWorkerTakesNoTasks(throwsInCopy: Bool) async throws {
        let corner = try Corner()
        let pool = try await quickPool()
        for round in 0..<20 {
            let fork = pool.start(ForkAndReturn(throwsInCopy: throwsInCopy))
            let behind = (0..<10).map { pool.start(Mark(round * 10 + $0, log: corner.path("log"), micros: 200)) }
            #expect(try await fork.value == false)
            for (number, handle) in behind.enumerated() { #expect(try await handle.value == round * 10 + number) }
        }
        let result = try pool.map([
            ForkAndReturn(throwsInCopy: throwsInCopy), ForkAndReturn(throwsInCopy: throwsInCopy),
        ])
        for await (_, result) in result { #expect(try result.get() == false) }
        #expect(Mark.runs(in: corner.path("log")).map(\.number).sorted() == Array(0..<200))
        await pool.close()
    }

    @Test func whatWasTakenBackRunsOnceAndItsSlotIsNotGivenAwayTooSoon() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.onOutput = { _ in } }
        // Two workers whose tasks were short, the one held by a task that is long.
        for handle in (0..<400).map({ pool.start(Mark($0, log: corner.path("warm"), micros: 0)) }) {
            _ = try await handle.value
        }
        let long = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in long.updates { break }
        let workers = pool.processes
        // One of them is as slow as makes its worker take one at a time; the held one gets some ahead, has them taken back when the
        // other has nothing to do, and gets some of them again. Then it goes on.
        let handles = (0..<60).map { pool.start(Mark($0, log: corner.path("log"), micros: 2_000)) }
        while Mark.runs(in: corner.path("log")).count < 50 { try await Task.sleep(for: .microseconds(200)) }
        #expect(long.endingIfEnded == nil)
        Gate.open(corner.path("gate"))
        #expect(try await long.value == 7)
        for (number, handle) in handles.enumerated() {
            let ending = await handle.ending(within: .seconds(5))
            #expect(ending?.kind == "finished", "task \(number): \(ending?.description ?? "none")")
        }
        for handle in (0..<100).map({ pool.start(Add($0, 1)) }) { _ = try await handle.value }
        #expect(Set(workers).isSubset(of: pool.processes), "a worker was ended")
        await pool.close()
        let runs = Mark.runs(in: corner.path("log")).map(\.number)
        #expect(runs.sorted() == Array(0..<60), "\(runs.count) runs of \(Set(runs).count) tasks")
    }
}
