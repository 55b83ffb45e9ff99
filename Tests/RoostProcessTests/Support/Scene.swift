import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// A pool of two workers, one task that misbehaves, and ten that do not: one that runs beside it all the time, nine that wait
/// behind it, in the queue or in a worker. They all have to finish.
struct Scene<T: IsolatedTask> {
    let pool: ProcessPool
    let corner: Corner
    let handle: WorkerHandle<T.Output, T.Update>
    /// What the task reported first.
    let first: T.Update?

    /// Plays it: the task is made with the gate that it waits for; `action` is called once it is open.
    static func play(
        limits: TaskLimits = TaskLimits(), configure: (inout ProcessPool.Configuration) -> Void = { _ in },
        task: (_ gate: String) -> T, action: (Scene) async throws -> Void = { _ in }
    ) async throws -> WorkerEnding {
        let corner = try Corner()
        let pool = try SmokeTests.pool { configuration in
            configuration.onOutput = { _ in }
            configure(&configuration)
        }
        // Tasks that take no time make the pool send some ahead: there will be tasks in the very worker that dies.
        for handle in (0..<200).map({ pool.start(Add($0, 1)) }) { _ = try await handle.value }

        let held = pool.start(Innocent(0, gate: corner.path("held")))
        for await _ in held.updates { break }
        let handle = pool.start(task(corner.path("bad")), limits: limits)
        var first: T.Update?
        for await update in handle.updates {
            first = update
            break
        }
        let behind = (1..<10).map { pool.start(Innocent($0)) }
        Gate.open(corner.path("bad"))
        try await action(Scene(pool: pool, corner: corner, handle: handle, first: first))

        let ending = await handle.ending
        #expect(held.endingIfEnded == nil, "the task beside it has ended before it was let go on")
        Gate.open(corner.path("held"))
        for (number, innocent) in ([held] + behind).enumerated() { #expect(try await innocent.value == number * 7) }
        #expect(try await pool.run(Add(20, 3)) == 23)
        await pool.close()
        #expect(pool.processes == [])
        return ending
    }

    /// The same, for a task whose worker has to die.
    static func crash(
        limits: TaskLimits = TaskLimits(), configure: (inout ProcessPool.Configuration) -> Void = { _ in },
        task: (_ gate: String) -> T, action: (Scene) async throws -> Void = { _ in }
    ) async throws -> TaskCrash {
        let ending = try await play(limits: limits, configure: configure, task: task, action: action)
        #expect(ending.kind == "crashed", "\(ending)")
        guard case .crashed(let error) = ending else { throw Unexpected() }
        let crash = try #require(error as? TaskCrash)
        #expect(kill(crash.process, 0) != 0 && errno == ESRCH, "process \(crash.process) is still there")
        return crash
    }
}

struct Unexpected: Error {}

extension ProcessPool {
    /// What ended the worker of a task that has to end it.
    func cause<T: IsolatedTask>(of task: T, limits: TaskLimits = TaskLimits()) async throws -> TaskCrash.Cause {
        let ending = await start(task, limits: limits).ending
        guard case .crashed(let error) = ending, let crash = error as? TaskCrash else {
            Issue.record("\(ending)")
            throw Unexpected()
        }
        return crash.cause
    }
}

extension TaskCrash {
    /// What every crash says, whatever it came from.
    func expectEvidence(
        task: String, input: String, update: String, checkpoint: String, in file: String, printed: String,
        at location: SourceLocation = #_sourceLocation
    ) throws {
        #expect(self.task == task && attempt == 0, sourceLocation: location)
        #expect(self.input == input, sourceLocation: location)
        #expect(lastUpdate?.contains(update) == true, "\(lastUpdate ?? "no update")", sourceLocation: location)
        let line = try Marked.line(checkpoint, in: file)
        #expect(lastCheckpoint == CallSite(file: file, line: line), sourceLocation: location)
        #expect(output.contains(printed), "\(output)", sourceLocation: location)
        #expect(peakMemory > 256 << 10 && peakMemory < 1 << 30, "\(peakMemory) bytes", sourceLocation: location)
        #expect(ranFor > .zero && ranFor < .seconds(20), sourceLocation: location)
        #expect(cpuTime >= .zero && cpuTime <= ranFor * 10 + .milliseconds(500), "\(cpuTime)", sourceLocation: location)
        // All of it stands in what a person reads.
        for part in [task, input, update, "\(CallSite(file: file, line: line))", reason] {
            #expect(description.contains(part), "\(description)", sourceLocation: location)
        }
    }

    /// The task's own function, and in a debug build its line, stand in the stack of the thread that crashed.
    func expectFrame(_ function: String, at place: String?, in location: SourceLocation = #_sourceLocation) {
        let frames = report.crashedThread?.frames ?? []
        let hasIt = frames.contains { frame in
            frame.symbol?.contains(function) == true && (place.map { frame.place?.hasSuffix($0) == true } ?? true)
        }
        #expect(hasIt, "\(function) at \(place ?? "any line"): \(report)", sourceLocation: location)
    }
}
