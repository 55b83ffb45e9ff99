import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// The evidence of a crash is that of the task that crashed.
@Suite(.serialized) struct EvidenceTests {
    private func crash<T: IsolatedTask>(
        _ task: T, _ pool: ProcessPool, limits: TaskLimits = TaskLimits()
    ) async throws -> TaskCrash {
        guard case .crashed(let error) = await pool.start(task, limits: limits).ending else { throw Unexpected() }
        return try #require(error as? TaskCrash)
    }

    @Test func theUpdateAndTheCheckpointOfAnEarlierTaskAreNotItsOwn() async throws {
        let pool = try SmokeTests.pool { $0.workers = 1...1 }
        _ = try await pool.run(Work(milliseconds: 5))
        let crash = try await crash(SilentAbort(), pool)
        #expect(crash.lastUpdate == nil && crash.lastCheckpoint == nil, "\(crash)")
        await pool.close()
    }

    /// Under a limit of memory, a library that ends the process because it gets none has met the limit; without one, it has not.
    @Test(arguments: [
        "memory allocation of 9000 bytes failed", "(process:7): GLib-ERROR **: failed to allocate 9 bytes",
    ])
    func lastWordsAboutMemoryAreTheLimits(_ words: String) async throws {
        let pool = try SmokeTests.pool()
        let limited = try await crash(LastWords(words), pool, limits: TaskLimits(memory: 64 << 20))
        #expect(limited.cause == .memoryLimit(64 << 20), "\(limited.reason)")
        let unlimited = try await crash(LastWords(words), pool)
        #expect(unlimited.cause == .signal(SIGABRT) && unlimited.reason.contains("alloc"), "\(unlimited.reason)")
        await pool.close()
    }

    /// The kernel counts the app's peak for a process that the app starts.
    @Test func anAppWithMuchMemoryIsNotItsWorkersPeak() async throws {
        let size = 256 << 20
        let memory = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        defer { munmap(memory, size) }
        memset(try #require(memory), 1, size)
        let pool = try SmokeTests.pool()
        let crash = try await crash(SilentAbort(), pool, limits: TaskLimits(memory: 64 << 20))
        #expect(crash.cause == .signal(SIGABRT))
        #expect(crash.peakMemory < 128 << 20, "\(crash.peakMemory >> 20) MiB")
        await pool.close()
    }

    /// The pool itself ends a worker that sends what cannot be, with SIGKILL: the kernel or a person did not.
    @Test func aWorkerThatSendsWhatCannotBeIsSaidToHaveDoneSo() async throws {
        let pool = try SmokeTests.pool { $0.workers = 1...1 }
        let task = pool.start(Endless(isBusy: false))
        for await _ in task.updates { break }
        let worker = try #require(pool.core.state.withLock { $0.workers.values.first })
        pool.core.end(worker, .broken(.broken("a kind 200 that there is not")))
        guard case .crashed(let error) = await task.ending else { throw Unexpected() }
        let crash = try #require(error as? TaskCrash)
        #expect(crash.cause == .signal(SIGKILL) && crash.report.reason.isCertain)
        for text in [crash.reason, crash.description, crash.report.description] {
            #expect(text.contains("a kind 200 that there is not") && !text.contains("somebody"), "\(text)")
        }
        await pool.close()
    }

    @Test func bytesOfTheAppThatATaskReadsAreNotItsMemory() async throws {
        let pool = try SmokeTests.pool()
        let bytes = try Bytes(count: 96 << 20) { $0.initializeMemory(as: UInt8.self, repeating: 1) }
        let crash = try await crash(ReadAndAbort(bytes), pool, limits: TaskLimits(memory: 64 << 20))
        #expect(crash.cause == .signal(SIGABRT), "\(crash.reason)")
        #expect(crash.input == "\(96 << 20) bytes")
        await pool.close()
    }
}
