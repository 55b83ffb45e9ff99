import CRoostProcess
import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Bytes and descriptors in numbers: more than the channel to a worker has room for, and more than a process may have open.
@Suite(.serialized) struct ManyBytesTests {
    /// New ones, each in an arena of its own.
    private static func make(_ count: Int) throws -> [Bytes] {
        try (0..<count).map { number in
            try Bytes(count: ArenaStore.smallest) { $0[0] = UInt8(truncatingIfNeeded: number) }
        }
    }

    private static func expectBrightened(_ bytes: [Bytes], _ count: Int, at location: SourceLocation = #_sourceLocation)
    {
        #expect(bytes.count == count, sourceLocation: location)
        let isRight = bytes.enumerated().allSatisfy { number, bytes in
            bytes.withUnsafeBytes { $0[0] } == UInt8(truncatingIfNeeded: number + 1)
        }
        #expect(isRight, sourceLocation: location)
    }

    /// As many open files as the system allows this process; then those of now.
    private static func withManyFiles(_ body: () async throws -> Void) async throws {
        // Those that lie there would not be sent.
        ArenaStore.process.trim()
        defer { ArenaStore.process.trim() }
        try await withFiles(100_000, body)
    }

    private static func withFiles(_ most: Int, _ body: () async throws -> Void) async throws {
        var before = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before)
        var limit = rlimit(rlim_cur: min(rlim_t(most), before.rlim_max), rlim_max: before.rlim_max)
        #expect(setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0)
        defer { setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &before) }
        try await body()
    }

    /// The number that the next descriptor will have, unless somebody closes one.
    private static var nextDescriptor: Int {
        let next = dup(0)
        close(next)
        return Int(next)
    }

    @Test func aTaskOfAThousandBytesInAndOut() async throws {
        try await Self.withManyFiles {
            let pool = try SmokeTests.pool()
            for _ in 0..<2 {
                Self.expectBrightened(try await pool.run(BrightenAll(Self.make(1_000))), 1_000)
            }
            await pool.close()
        }
    }

    /// More than there is room for at once: whoever sends waits, and whoever receives makes room.
    @Test func moreThanTheChannelHolds() async throws {
        try await Self.withManyFiles {
            let pool = try SmokeTests.pool { $0.workers = 0...1 }
            Self.expectBrightened(try await pool.run(BrightenAll(Self.make(6_000))), 6_000)
            await pool.close()
        }
    }

    /// The worker is busy, and takes nothing: the tasks behind the one that runs wait for room, and none of them fails.
    @Test(arguments: [40, 500]) func tasksThatWaitInAWorker(_ count: Int) async throws {
        try await Self.withManyFiles {
            let corner = try Corner()
            let pool = try SmokeTests.pool { $0.workers = 0...1 }
            _ = try await pool.run(BrightenAll([]))
            try await pool.untilTasksAreShort()
            let held = pool.start(Innocent(1, gate: corner.path("gate")))
            for await _ in held.updates { break }
            let handles = try (0..<16).map { _ in pool.start(BrightenAll(try Self.make(count))) }
            let ahead = pool.core.state.withLock { $0.machine.workers.values.map(\.inFlight) }
            #expect(ahead.first ?? 0 > 4 && (count == 40 || ahead.first ?? 0 < 12), "\(ahead)")
            Gate.open(corner.path("gate"))
            #expect(try await held.value == 7)
            for handle in handles {
                let ending = await handle.ending(within: .seconds(30))
                #expect(ending?.kind == "finished", "\(ending?.description ?? "none")")
                if ending != nil { Self.expectBrightened(try await handle.value, count) }
            }
            await pool.close()
        }
    }

    /// What could not be sent is not held for anybody.
    @Test func whatCouldNotBeLentIsGivenBack() async throws {
        try await Self.withManyFiles {
            let before = ArenaStore.process.arenasInUse
            var ends: [Int32] = [0, 0]
            #expect(roost_channel(&ends) == 0)
            defer { for end in ends { close(end) } }
            let port = ArenaPort(channel: ends[0]) { _ in }
            var payload: Payload? = try TaskCoding.encode(Self.make(8_000))
            #expect(throws: ArenaPort.IsFull.self) { try port.lend(#require(payload)) }
            payload = nil
            #expect(ArenaStore.process.arenasInUse == before)
        }
    }

    // MARK: No more descriptors

    /// The worker's own limit: the task says so, and the next one gets another worker.
    @Test func aWorkerThatMayOpenNoMore() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.limits.openFiles = 16
        }
        #expect(try await pool.run(Add(1, 2)) == 3)
        let first = pool.processes
        let descriptors = (0..<40).map { _ in TransferredDescriptor(dup(0)) }
        let ending = await pool.start(CountDescriptors(descriptors)).ending(within: .seconds(10))
        #expect(ending?.poolError?.code == .systemLimit, "\(ending?.description ?? "none")")
        #expect(try await pool.run(Add(20, 3)) == 23)
        #expect(pool.processes != first, "a worker that has lost what it was sent goes on")
        // So many at once are no more than it may have.
        #expect(try await pool.run(CountDescriptors([TransferredDescriptor(dup(0))])) == 1)
        await pool.close()
    }

    /// The app's limit, when an output comes.
    @Test func anAppThatMayOpenNoMore() async throws {
        ArenaStore.process.trim()
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.workers = 0...1 }
        #expect(try await pool.run(Add(1, 2)) == 3)
        _ = try await pool.run(BrightenAll([]))
        let first = pool.processes
        let input = try Self.make(40)
        // Its frame and its descriptors are there when the limit is set; its output comes after.
        let held = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in held.updates { break }
        let handle = pool.start(BrightenAll(input))
        try await Self.withFiles(Self.nextDescriptor + 2) {
            Gate.open(corner.path("gate"))
            let ending = await handle.ending(within: .seconds(10))
            #expect(ending?.poolError?.code == .systemLimit, "\(ending?.description ?? "none")")
            #expect(ending?.poolError?.message.contains("ulimit -n") == true)
        }
        #expect(try await held.value == 7)
        Self.expectBrightened(try await pool.run(BrightenAll(input)), 40)
        #expect(pool.processes != first, "a connection that has lost something goes on")
        await pool.close()
    }

    @Test func bytesThatThereIsNoMemoryFor() async throws {
        ArenaStore.process.trim()
        try await Self.withFiles(Self.nextDescriptor) {
            // Somebody else may close something meanwhile.
            let error = #expect(throws: ProcessPoolError.self) { try Self.make(200) }
            #expect(error?.code == .systemLimit && error?.underlying is SystemCallError)
        }
        #expect(try Bytes(count: 100_000) { _ in }.count == 100_000)
    }

    // MARK: Whose memory it is

    /// What came from another process can only be read.
    @Test func aTaskCannotChangeItsInput() async throws {
        let pool = try SmokeTests.pool { $0.onOutput = { _ in } }
        let bytes = try #require(Self.make(1).first)
        #expect(await pool.start(WriteInput(bytes)).ending(within: .seconds(20))?.kind == "crashed")
        #expect(bytes.withUnsafeBytes { $0[0] } == 0)
        let output = try await pool.run(BrightenAll([bytes]))
        output[0].withUnsafeBytes { output in
            #expect(Touch.canRead(output.baseAddress!) && !Touch.canWrite(output.baseAddress!))
            #expect(!Touch.canRead(output.baseAddress! + output.count), "nothing lies right behind it")
        }
        await pool.close()
    }

    /// Those whose worker is gone are forgotten.
    @Test func connectionsAreForgotten() async throws {
        let before = ArenaStore.process.portCount
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.tasksPerWorker = 1
        }
        for number in 0..<5 { #expect(try await pool.run(Add(number, 1)) == number + 1) }
        await pool.close()
        #expect(ArenaStore.process.portCount <= before)
    }

    /// Nobody reads them any more, also if nobody ever did.
    @Test func bytesOfATaskThatCannotBeDecodedComeBack() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.onOutput = { _ in }
        }
        for _ in 0..<20 {
            let bytes = try Bytes(copying: [UInt8](repeating: 7, count: 100_000))
            #expect(await pool.start(RefuseBytes(bytes)).ending.poolError?.code == .inputNotDecodable)
        }
        ArenaStore.process.trim()
        // The end of a worker that was replaced may be under way.
        var mapped = Int.max
        let deadline = ContinuousClock.now + .seconds(5)
        repeat { mapped = try Growth.now().mapped } while mapped >= 15 && ContinuousClock.now < deadline
        #expect(mapped < 15, "\(mapped) arenas are mapped")
        await pool.close()
    }

    /// The worker that was to have it holds the end of a pipe open no longer than what it does at the moment.
    @Test func aDescriptorOfATaskThatWasStoppedIsClosed() async throws {
        let corner = try Corner()
        let pool = try SmokeTests.pool { $0.workers = 0...1 }
        for handle in (0..<200).map({ pool.start(Add($0, 1)) }) { _ = try await handle.value }
        let held = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in held.updates { break }
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        do {
            let task = pool.start(CountDescriptors([TransferredDescriptor(ends[1])]))
            task.stop()
            #expect(await task.ending.kind == "stopped")
        }
        Gate.open(corner.path("gate"))
        #expect(try await held.value == 7)
        var wait = pollfd(fd: ends[0], events: Int16(POLLIN), revents: 0)
        let deadline = ContinuousClock.now + .seconds(5)
        while poll(&wait, 1, 0) == 0, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(1)) }
        var byte: UInt8 = 0
        #expect(wait.revents != 0 && read(ends[0], &byte, 1) == 0, "somebody has the other end")
        close(ends[0])
        #expect(try await pool.run(Add(1, 2)) == 3)
        await pool.close()
    }

    /// A task closes what its worker and the app talk by. Whoever needs it before the app has seen that is told so, and those behind have another
    /// worker.
    /// (A process that goes on after a stop looks at its descriptors again.)
    @Test(arguments: [true, false], [true, false])
    func aTaskThatClosesEverythingCostsItsWorker(isOutput: Bool, isStopped: Bool) async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 0...1
            $0.onOutput = { _ in }
        }
        let worker = try await pool.run(CloseEverything())
        if isStopped {
            kill(worker, SIGSTOP)
            usleep(20_000)
            kill(worker, SIGCONT)
            usleep(100_000)
            #expect(Processes.isAlive(worker), "it has ended, with whatever it would have run by now")
        }
        let ending =
            isOutput
            ? await pool.start(Flood(mebibytes: 1)).ending
            : await pool.start(Brighten(try Bytes(copying: [UInt8](repeating: 7, count: 100_000)))).ending
        let isTold = ending.poolError?.code == .systemLimit && "\(ending)".contains("closed a descriptor")
        #expect(isTold || ending.kind == "finished", "\(ending)")
        let bytes = try Bytes(copying: [UInt8](repeating: 7, count: 100_000))
        for _ in 0..<3 { #expect(try await pool.run(Brighten(bytes)).count == 100_000) }
        // Another one serves; the end of this one may still be under way.
        let deadline = ContinuousClock.now + .seconds(5)
        while pool.processes.contains(worker), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(!pool.processes.contains(worker))
        await pool.close()
    }
}
