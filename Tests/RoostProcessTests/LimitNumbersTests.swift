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

    /// To the kernel shared memory is a file, and who makes one too large is killed, unless he sees to it: here it is an error, in the app
    /// and in a worker.
    @Test func aLimitOfFileSizesKillsNobody() throws {
        let corner = try Corner()
        // A folder of its own for the journal, which is tried first.
        let app = try TestApp("small-files", environment: ["XDG_RUNTIME_DIR": corner.folder])
        let text = app.output()
        #expect(app.status() == 0, "\(text)")
        #expect(try Growth.list(corner.folder) == ["roost"])
        let lines = text.split(separator: "\n").map(String.init)
        try #require(lines.count == 8, "\(text)")
        #expect(lines[0] == "said: 0", "\(text)")
        let refusal = "(ftruncate: File too large)"
        #expect(lines[1].hasPrefix("pool: pool 'processes' could not start a worker: "), "\(text)")
        #expect(lines[1].contains("ulimit -u, -n, -v, -f") && lines[1].hasSuffix(refusal), "\(text)")
        #expect(lines[2] == "sum: 3" && lines[3] == "brightened: \(1 << 20)", "\(text)")
        for line in [lines[4], lines[5]] {
            #expect(line.hasPrefix("bytes: there is no memory for \(32 << 20) bytes: "), "\(text)")
            #expect(line.contains("(ulimit -f)") && line.hasSuffix(refusal), "\(text)")
        }
        #expect(lines[6].hasPrefix("in the worker: ") && lines[6].contains("(ulimit -f)"), "\(text)")
        #expect(lines[7] == "sum: 7", "\(text)")
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

    /// A task's own limit counts while it runs, lower or higher than the pool's; the next one has the pool's again.
    @Test func eachTaskHasItsOwnNumberOfFiles() async throws {
        let pool = try SmokeTests.pool {
            $0.workers = 1...1
            $0.limits.openFiles = 100
        }
        for _ in 0..<2 {
            let own = try await pool.run(OpenMany(300), limits: TaskLimits(openFiles: 40))
            #expect((20..<40).contains(own), "\(own)")
            let more = try await pool.run(OpenMany(300), limits: TaskLimits(openFiles: 200))
            #expect((180..<200).contains(more), "\(more)")
            let pools = try await pool.run(OpenMany(300))
            #expect((80..<100).contains(pools), "\(pools)")
        }
        for await (_, result) in try pool.map([OpenMany(300), OpenMany(300)], limits: TaskLimits(openFiles: 30)) {
            #expect(try (10..<30).contains(result.get()))
        }
        await pool.close()
    }
}
