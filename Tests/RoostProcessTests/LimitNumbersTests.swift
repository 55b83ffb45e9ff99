import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

/// Limits and sizes that cannot be: they are taken for the nearest that can.
@Suite(.serialized) struct LimitNumbersTests {
    @Test(arguments: [Int.max, .max - 1, 1 << 62]) func aLimitBeyondAllMemoryIsNone(_ limit: Int) async throws {
        let pool = try SmokeTests.pool {
            $0.limits = TaskLimits(
                time: .seconds(Int64.max), cpuTime: .seconds(Int64.max), memory: limit, openFiles: limit, output: limit)
        }
        #expect(try await pool.run(Add(1, 2)) == 3)
        #expect(try await pool.run(Flood(mebibytes: 1), limits: pool.configuration.limits).count == 1 << 20)
        #expect(try await pool.run(Work(milliseconds: 60)) > 0)
        await pool.close()
    }

    @Test func aNegativeLimitIsOneOfNothing() async throws {
        let pool = try SmokeTests.pool { $0.onOutput = { _ in } }
        let ending = await pool.start(Add(1, 2), limits: TaskLimits(output: .min)).ending
        #expect(ending.poolError?.code == .outputTooLarge, "\(ending)")
        #expect(try await pool.run(Add(1, 2), limits: TaskLimits(output: 8)) == 3)
        #expect(
            try await pool.cause(of: Endless(isBusy: false), limits: TaskLimits(cpuTime: .seconds(-1)))
                == .cpuTimeLimit(.zero))
        // A page more, and it is over.
        let memory = try await pool.cause(of: Grow(mebibytes: 64, isAtOnce: false), limits: TaskLimits(memory: .min))
        #expect(memory == .memoryLimit(0))
        await pool.close()
        let nothing = try SmokeTests.pool {
            $0.limits.memory = .min
            $0.limits.openFiles = .min
            $0.onOutput = { _ in }
        }
        #expect(try await nothing.cause(of: Overreach(.swift, mebibytes: 64)) == .memoryLimit(0))
        await nothing.close()
    }

    @Test(arguments: [Int.max, .min, 0]) func aChunkOfAnySize(_ count: Int) async throws {
        let pool = try SmokeTests.pool()
        var sum = 0
        for await (_, result) in try pool.map((0..<10).map { Add($0, 1) }, chunk: .count(count)) {
            sum += try result.get()
        }
        #expect(sum == 55)
        await pool.close()
    }

    @Test func manyMoreWorkersThanThereCanBe() async throws {
        let pool = try SmokeTests.pool { $0.workers = Int.min...Int.max }
        #expect(try await pool.run(Add(1, 2)) == 3)
        var sum = 0
        for await (_, result) in try pool.map((0..<10).map { Add($0, 1) }) { sum += try result.get() }
        #expect(sum == 55)
        await pool.close()
    }
}
