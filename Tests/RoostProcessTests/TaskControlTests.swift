import CRoostProcess
import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Stop, pause, resume, priorities, and another try: of tasks that run and of tasks that wait.
@Suite(.serialized) struct TaskControlTests {
    /// A pool of one worker, held by a task until the gate is opened.
    private func heldPool(_ corner: Corner) async throws -> (ProcessPool, WorkerHandle<Int, WorkerProgress>) {
        let pool = try SmokeTests.pool { $0.workers = 0...1 }
        let held = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in held.updates { break }
        return (pool, held)
    }

    /// Until a worker says that its task waits in a checkpoint.
    private func untilOneStandsStill(_ pool: ProcessPool) async throws {
        let deadline = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < deadline {
            let workers = pool.core.state.withLock { Array($0.workers.values) }
            let slots = 0..<Int32(PoolStateMachine<Job>.slotCount)
            for worker in workers {
                if slots.contains(where: { roost_slot_paused(roost_control_slot(worker.control, $0)) != 0 }) { return }
            }
            try await Task.sleep(for: .milliseconds(1))
        }
        Issue.record("no task came to its checkpoint")
    }

    private func steps(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    @Test func aRunningTaskIsStoppedAndItsWorkerLives() async throws {
        let pool = try SmokeTests.pool()
        let task = pool.start(Work(milliseconds: 60_000))
        for await _ in task.updates { break }
        let workers = pool.processes
        #expect(task.stop())
        #expect(!task.stop(), "a second stop changes nothing")
        let ending = await task.ending(within: .seconds(2))
        #expect(ending?.kind == "stopped", "\(String(describing: ending))")
        #expect(try await pool.run(Add(1, 1)) == 2)
        #expect(pool.processes == workers)
        await pool.close()
    }

    @Test func aQueuedTaskIsStoppedAndNeverRuns() async throws {
        let corner = try Corner()
        let (pool, held) = try await heldPool(corner)
        let tasks = (0..<3).map { pool.start(Mark($0, log: corner.path("log"), micros: 0)) }
        #expect(tasks[1].stop())
        #expect(await tasks[1].ending(within: .seconds(2))?.kind == "stopped")
        #expect(held.endingIfEnded == nil)
        Gate.open(corner.path("gate"))
        #expect(try await tasks[0].value == 0)
        #expect(try await tasks[2].value == 2)
        await pool.close()
        #expect(Mark.runs(in: corner.path("log")).map(\.number).sorted() == [0, 2])
    }

    @Test func aRunningTaskIsPausedAndGoesOn() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool()
        let log = corner.path("steps")
        let task = pool.start(Steps(log: log, count: 200))
        for await _ in task.updates { break }
        #expect(task.pause())
        try await untilOneStandsStill(pool)
        let seen = steps(log)
        #expect(seen > 0 && seen < 200 && task.endingIfEnded == nil)
        task.resume()
        #expect(await task.ending(within: .seconds(10))?.kind == "finished")
        #expect(steps(log) == 200)
        await pool.close()
    }

    @Test func aPausedTaskIsStopped() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool()
        let task = pool.start(Steps(log: corner.path("steps"), count: 100_000))
        for await _ in task.updates { break }
        #expect(task.pause())
        task.stop()
        #expect(await task.ending(within: .seconds(2))?.kind == "stopped")
        await pool.close()
    }

    @Test func aQueuedTaskIsPausedAndGoesOn() async throws {
        let corner = try Corner()
        let (pool, held) = try await heldPool(corner)
        let task = pool.start(Steps(log: corner.path("steps"), count: 20))
        #expect(task.pause())
        Gate.open(corner.path("gate"))
        #expect(try await held.value == 7)
        try await untilOneStandsStill(pool)
        #expect(steps(corner.path("steps")) == 0 && task.endingIfEnded == nil)
        task.resume()
        #expect(await task.ending(within: .seconds(10))?.kind == "finished")
        await pool.close()
    }

    @Test func theHigherPriorityGoesFirst() async throws {
        let corner = try Corner()
        let (pool, _) = try await heldPool(corner)
        let order: [WorkerPriority] = [.low, .normal, .high, .low, .normal, .high]
        let tasks = order.enumerated().map { pool.start(Mark($0, log: corner.path("log"), micros: 0), priority: $1) }
        Gate.open(corner.path("gate"))
        for task in tasks { _ = try await task.value }
        await pool.close()
        #expect(Mark.runs(in: corner.path("log")).map(\.number) == [2, 5, 1, 4, 0, 3])
    }

    // MARK: Another try

    @Test func aRepeatableTaskIsTriedAgain() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.takesBacktraces = false }
        #expect(try await pool.run(CrashOnce(1, crashes: 1, log: corner.path("log"))) == 1, "it is told of the attempt")
        let ending = await pool.start(CrashOnce(2, crashes: 9, log: corner.path("log"))).ending
        guard case .crashed(let error) = ending else {
            Issue.record("\(ending)")
            return
        }
        let crash = try #require(error as? TaskCrash)
        #expect(crash.attempt == 1 && "\(crash)".contains("attempt 2"))
        #expect(crash.isQuarantined && "\(crash)".contains("quarantined: it has ended 2 workers"), "\(crash)")
        #expect(crash.earlier.map(\.attempt) == [0] && crash.earlier.first.map(\.isQuarantined) == false)
        #expect(crash.earlier.first?.process != crash.process)
        await pool.close()
        #expect(RunLogFile.numbers(in: corner.path("log")) == [1, 1, 2, 2])
    }

    @Test func aTaskThatIsNotRepeatableIsNotTriedAgain() async throws {
        let pool = try SmokeTests.pool { $0.takesBacktraces = false }
        let ending = await pool.start(CrashIf(number: 1, crashes: true)).ending
        guard case .crashed(let error) = ending else {
            Issue.record("\(ending)")
            return
        }
        #expect((error as? TaskCrash)?.attempt == 0 && (error as? TaskCrash)?.isQuarantined == false)
        await pool.close()
    }

    /// Each task of a chunk has its own attempts: what another one of the chunk has used up does not count.
    @Test func tasksOfAChunkAreTriedAgainEachForItself() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.takesBacktraces = false }
        let tasks = (0..<12).map { CrashOnce($0, crashes: [3: 1, 7: 1, 9: 9][$0] ?? 0, log: corner.path("log")) }
        var attempts: [Int: Int] = [:]
        for await (input, result) in try pool.map(tasks, chunk: .count(12)) {
            switch result {
            case .success(let attempt): attempts[input.number] = attempt
            case .failure(let error): attempts[input.number] = ((error as? TaskCrash)?.attempt ?? 50) + 100
            }
        }
        #expect(attempts == [0: 0, 1: 0, 2: 0, 3: 1, 4: 0, 5: 0, 6: 0, 7: 1, 8: 0, 9: 101, 10: 0, 11: 0])
        await pool.close()
        let runs = RunLogFile.numbers(in: corner.path("log"))
        #expect(runs == [0, 1, 2, 3, 3, 4, 5, 6, 7, 7, 8, 9, 9, 10, 11])
    }

    /// A limit is one task's, however many of them go together.
    @Test func theTimeOfAChunkIsNotTheTimeOfATask() async throws {
        let pool = try SmokeTests.pool()
        let tasks = (0..<10).map { _ in Work(milliseconds: 150) }
        var finished = 0
        for await (_, result) in try pool.map(tasks, chunk: .count(10), limits: TaskLimits(time: .seconds(1))) {
            if case .success = result { finished += 1 }
        }
        #expect(finished == 10)
        await pool.close()
    }
}
