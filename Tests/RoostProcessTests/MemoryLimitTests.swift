import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// What counts against a limit of memory, and which deaths it is the reason of.
@Suite(.serialized) struct MemoryLimitTests {
    /// No limit of the kernel's sees them: they lie in memory that can be shared.
    @Test(arguments: [false, true]) func bytesThatATaskMakesAreItsMemory(isLimitOfThePool: Bool) async throws {
        let limit = 64 << 20
        let pool = try SmokeTests.pool { if isLimitOfThePool { $0.limits.memory = limit } }
        let limits = TaskLimits(time: .seconds(10), memory: isLimitOfThePool ? nil : limit)
        #expect(try await pool.cause(of: FillBytes(mebibytes: 256), limits: limits) == .memoryLimit(limit))
        await pool.close()
    }

    @Test func outputsThatTheAppKeepsAreNotTheWorkersMemory() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 1...1
            $0.limits.memory = 64 << 20
        }
        let worker = try await pool.run(Work(milliseconds: 0))
        var kept: [Bytes] = []
        for _ in 0..<4 {
            kept.append(try await pool.run(Flood(mebibytes: 40)))
            // Long enough to be looked at.
            #expect(try await pool.run(Work(milliseconds: 60)) == worker)
        }
        // Given back: kept in the worker for the next ones, which are of another size.
        kept = []
        for _ in 0..<4 {
            _ = try await pool.run(Flood(mebibytes: 50))
            #expect(try await pool.run(Work(milliseconds: 60)) == worker)
        }
        await pool.close()
    }

    /// Who asks for twice the limit in one piece gets nothing, and has used nothing when it dies of that.
    @Test(arguments: [Overreach.Way.nullWrite, .nilValue, .swift])
    func aDeathForWantOfMemoryIsTheLimits(_ way: Overreach.Way) async throws {
        let pool = try SmokeTests.pool {
            $0.limits.memory = 64 << 20
            $0.onOutput = { _ in }
        }
        #expect(try await pool.cause(of: Overreach(way, mebibytes: 256)) == .memoryLimit(64 << 20))
        await pool.close()
    }

    @Test func aDeathOfAnotherKindIsNot() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 1...1
            $0.limits.memory = 64 << 20
        }
        let worker = try await pool.run(Work(milliseconds: 0))
        #expect(try await pool.run(Overreach(.isCareful, mebibytes: 256)) == false)
        #expect(try await pool.run(Work(milliseconds: 0)) == worker)
        // In the worker in which an earlier task got no memory.
        #expect(try await pool.cause(of: SilentAbort()) == .signal(SIGABRT))
        #expect(try await pool.run(Overreach(.isCareful, mebibytes: 8)))
        await pool.close()
    }

    /// The kernel's limit is the process's, and only falls.
    @Test func aTaskIsHeldToTheLimitOfThePool() async throws {
        let pool = try SmokeTests.pool {
            $0.limits.memory = 64 << 20
            $0.onOutput = { _ in }
        }
        let limits = TaskLimits(memory: 1 << 30)
        #expect(try await pool.cause(of: Overreach(.swift, mebibytes: 256), limits: limits) == .memoryLimit(64 << 20))
        #expect(limits.filled(with: TaskLimits(memory: 5)).memory == 5)
        #expect(TaskLimits(memory: 4).filled(with: TaskLimits(memory: 5)).memory == 4)
        await pool.close()
    }
}
