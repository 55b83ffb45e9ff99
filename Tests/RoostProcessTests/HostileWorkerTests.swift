import CRoostProcess
import Glibc
import ProcessTestNative
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// A worker may write what it likes into the memory that it shares with the app, and dies of it alone. These tests write there in its
/// place, while a task holds it.
@Suite struct HostileWorkerTests {
    /// A pool of one worker that runs a task, which waits at its gate.
    private struct Held {
        let corner: Corner
        let pool: ProcessPool
        let worker: WorkerProcess
        let handle: WorkerHandle<Int, WorkerProgress>
        let slot: Int

        init(limits: TaskLimits = TaskLimits()) async throws {
            corner = try Corner()
            pool = try SmokeTests.pool {
                $0.workers = 0...1
                $0.onOutput = { _ in }
            }
            #expect(try await pool.run(Add(1, 2)) == 3)
            handle = pool.start(Innocent(1, gate: corner.path("gate")), limits: limits)
            for await _ in handle.updates { break }
            worker = try #require(pool.core.state.withLock { $0.workers.values.first })
            slot = try #require(HostileWorkerTests.takenSlot(of: worker))
        }

        var page: UnsafeMutablePointer<roost_slot> { roost_control_slot(worker.control, Int32(slot)) }
        /// As the worker writes.
        var writer: FrameWriter { FrameWriter(ring: roost_ring_from_worker(worker.control)) }

        /// The worker is ended, its task with it, and the pool goes on.
        func expectBroken(at location: SourceLocation = #_sourceLocation) async throws {
            let ending = await handle.ending(within: .seconds(10))
            #expect(ending?.kind == "crashed", "\(ending?.description ?? "none")", sourceLocation: location)
            #expect(kill(worker.pid, 0) != 0 && errno == ESRCH, "its process lives", sourceLocation: location)
            guard case .broken? = worker.state.withLock({ $0.verdict }) else {
                Issue.record("it was not found broken", sourceLocation: location)
                return
            }
            #expect(try await pool.run(Add(20, 3)) == 23, sourceLocation: location)
            await pool.close()
        }
    }

    private static func takenSlot(of worker: WorkerProcess) -> Int? {
        (0..<Int(ROOST_SLOT_COUNT)).first {
            roost_slot_state(roost_control_slot(worker.control, Int32($0))) == UInt32(ROOST_SLOT_TAKEN)
        }
    }

    // MARK: Frames

    @Test(arguments: [31, 32, 40, 65_535]) func aTaskIsSkippedThatWasNotTakenBack(_ slot: Int) async throws {
        let held = try await Held()
        #expect(held.writer.write(.skipped, slot: slot))
        try await held.expectBroken()
    }

    @Test func aRunningTaskIsSkipped() async throws {
        let held = try await Held()
        #expect(held.writer.write(.skipped, slot: held.slot))
        try await held.expectBroken()
    }

    @Test(arguments: [0, 31, 32, 65_535]) func aResultForNobody(_ slot: Int) async throws {
        let held = try await Held()
        #expect(
            held.writer.write(.result, flags: [.raw, .last], slot: slot, element: .init(UInt32.max), number: 7_777))
        try await held.expectBroken()
    }

    /// A single task that came back as a chunk would have no ending.
    @Test func aSingleTaskComesBackAsAChunk() async throws {
        let held = try await Held()
        let job = try #require(
            held.pool.core.state.withLock { $0.machine.job(worker: held.worker.number, slot: held.slot) })
        var bytes: [UInt8] = []
        for number in [1, UInt32(ROOST_RUN_LAST), 0, 0] { withUnsafeBytes(of: number) { bytes += $0 } }
        #expect(held.writer.write(.results, flags: .raw, slot: held.slot, extra: 1, number: job.id, bytes))
        try await held.expectBroken()
    }

    @Test func aSecondGreetingOfAnotherVersion() async throws {
        let held = try await Held()
        let hello = Hello(wire: wireVersion + 1, executable: "nobody", build: "none", setupFailure: nil)
        #expect(held.writer.write(.hello, try TaskCoding.encodePlainly(hello)))
        try await held.expectBroken()
    }

    @Test(arguments: [0, 1, 4_000_000_000]) func anAnswerThatNobodyAskedFor(_ type: Int) async throws {
        let held = try await Held()
        let answer = TypeAnswer(verdict: .unknown, detail: "", executable: "nobody", build: "none")
        #expect(held.writer.write(.answer, extra: type, try TaskCoding.encodePlainly(answer)))
        try await held.expectBroken()
    }

    // MARK: The page

    /// A ring that says that it is closed: nobody is told of an end before the process is over.
    @Test func aRingIsClosedByItsWorker() async throws {
        let held = try await Held()
        roost_ring_close(roost_ring_from_worker(held.worker.control))
        try await held.expectBroken()
    }

    @Test func timesThatCannotBeAreNoOverflow() async throws {
        for time in [Int64.min, -1, .max] {
            let held = try await Held()
            native_store_time(held.page.pointer(to: \.began_ns), time)
            native_store_time(held.page.pointer(to: \.element_began_ns), time)
            Gate.open(held.corner.path("gate"))
            #expect(await held.handle.ending(within: .seconds(10))?.kind == "finished")
            #expect(try await held.pool.run(Add(20, 3)) == 23)
            await held.pool.close()
        }
    }

    /// What looks after limits and crashes sees them, too.
    @Test func timesThatCannotBeAndAMark() async throws {
        let held = try await Held(limits: TaskLimits(cpuTime: .seconds(1_000)))
        native_store_time(held.page.pointer(to: \.began_ns), .min)
        native_store_time(held.page.pointer(to: \.cpu_ns), .min)
        native_store_time(held.page.pointer(to: \.element_cpu_ns), .min)
        native_store_time(held.page.pointer(to: \.element_began_ns), .min)
        native_store_time(held.worker.control.pointer(to: \.crash_ns), .min)
        native_store_time(held.worker.control.pointer(to: \.crash_cpu_ns), .min)
        native_store_state(held.worker.control.pointer(to: \.crash_state), 2)
        // It has crashed long ago, that says: it is ended.
        let ending = await held.handle.ending(within: .seconds(10))
        #expect(ending?.kind == "crashed", "\(ending?.description ?? "none")")
        #expect(try await held.pool.run(Add(20, 3)) == 23)
        await held.pool.close()
    }

    // MARK: Chunks

    /// A chunk whose worker is within its second task.
    private func chunk(
        of count: Int, _ action: (WorkerProcess, UnsafeMutablePointer<roost_slot>) async throws -> Void
    ) async throws -> [Result<Int, any Error>] {
        let corner = try Corner()
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.onOutput = { _ in }
        }
        #expect(try await pool.run(Innocent(1)) == 7)
        let worker = try #require(pool.core.state.withLock { $0.workers.values.first })
        let tasks = (0..<count).map { Innocent($0, gate: $0 == 1 ? corner.path("gate") : nil) }
        let map = try pool.map(tasks, chunk: .count(count))
        let iterating = Task {
            var results: [Result<Int, any Error>] = []
            for await (_, result) in map { results.append(result) }
            return results
        }
        let deadline = ContinuousClock.now + .seconds(10)
        var slot: Int?
        while slot.map({ roost_slot_element(roost_control_slot(worker.control, Int32($0))) }) != 1 {
            slot = Self.takenSlot(of: worker)
            if ContinuousClock.now > deadline { throw Unexpected() }
            try await Task.sleep(for: .milliseconds(1))
        }
        try await action(worker, roost_control_slot(worker.control, Int32(#require(slot))))
        // For whoever runs what is left.
        Gate.open(corner.path("gate"))
        let results = await iterating.value
        #expect(try await pool.run(Add(20, 3)) == 23)
        await pool.close()
        return results
    }

    /// The worker dies when all outputs are there and the run is not closed yet: they count, and nobody has crashed.
    @Test func aWorkerDiesBehindTheLastOutput() async throws {
        let results = try await chunk(of: 2) { worker, _ in
            var failure: Int32 = 0
            var header = roost_frame()
            let start = try #require(roost_ring_peek(roost_ring_from_worker(worker.control), &header, &failure))
            #expect(header.kind == FrameKind.results.rawValue)
            let run = UnsafeMutableRawPointer(mutating: start)
            run.storeBytes(of: 7, toByteOffset: MemoryLayout<roost_run>.size + 8, as: Int.self)
            roost_run_set_done(roost_run_at(run), 2)
            worker.signal(SIGKILL)
        }
        #expect(results.map { try? $0.get() } == [0, 7])
    }

    /// The page names another task than the one that runs.
    @Test(arguments: [2, 7, UInt32.max]) func aCrashIsTheTasksThatRan(_ element: UInt32) async throws {
        let results = try await chunk(of: 3) { worker, page in
            roost_slot_set_element(page, element)
            worker.signal(SIGKILL)
        }
        #expect(results.map { try? $0.get() } == [0, nil, 14])
        guard case .failure(let error)? = results.dropFirst().first else { return }
        #expect(error is TaskCrash, "\(error)")
    }

    @Test func aRingIsClosedWithinARun() async throws {
        let pid = Locked<Int32>(0)
        let results = try await chunk(of: 3) { worker, _ in
            pid.withLock { $0 = worker.pid }
            roost_ring_close(roost_ring_from_worker(worker.control))
            let deadline = ContinuousClock.now + .seconds(10)
            while !worker.state.withLock({ $0.isReaped }) {
                if ContinuousClock.now > deadline { throw Unexpected() }
                try await Task.sleep(for: .milliseconds(1))
            }
        }
        #expect(results.map { try? $0.get() } == [0, nil, 14])
    }

    // MARK: Memory around it

    @Test func nobodyCanTouchWhatLiesAround() throws {
        let memory = roost_memory("roost-test", roost_control_size())
        defer { close(memory) }
        let control = try #require(roost_control_map(memory))
        defer { roost_control_unmap(control) }
        let ring = 4_096 + 2 * Int(ROOST_RING_SIZE)
        let places: [(UnsafeRawPointer, Int)] = [
            (UnsafeRawPointer(control), Int(ROOST_CONTROL_SIZE)),
            (UnsafeRawPointer(roost_ring_to_worker(control)), ring),
            (UnsafeRawPointer(roost_ring_from_worker(control)), ring),
            (
                UnsafeRawPointer(roost_control_stacks(control)),
                (MemoryLayout<roost_stacks>.size + 4_095) / 4_096 * 4_096
            ),
        ]
        for (start, size) in places {
            #expect(Touch.canRead(start) && Touch.canRead(start + size - 1))
            #expect(!Touch.canRead(start - 1) && !Touch.canRead(start + size))
        }
    }
}

/// Asks the kernel whether memory can be touched: it says EFAULT where this process would crash.
enum Touch {
    static func canRead(_ place: UnsafeRawPointer) -> Bool { withPipe { write($0.writer, place, 1) == 1 } }
    static func canWrite(_ place: UnsafeRawPointer) -> Bool {
        withPipe { ends in
            var byte: UInt8 = 0
            guard write(ends.writer, &byte, 1) == 1 else { return false }
            return read(ends.reader, UnsafeMutableRawPointer(mutating: place), 1) == 1
        }
    }

    private static func withPipe(_ body: ((reader: Int32, writer: Int32)) -> Bool) -> Bool {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return false }
        defer { for end in ends { close(end) } }
        return body((ends[0], ends[1]))
    }
}
