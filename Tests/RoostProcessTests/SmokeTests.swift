import Glibc
import ProcessTestTasks
import Roost
import RoostProcess
import Testing

@Suite struct SmokeTests {
    static func pool(_ change: (inout ProcessPool.Configuration) -> Void = { _ in }) throws -> ProcessPool {
        var configuration = ProcessPool.Configuration(
            name: "test", workers: 0...2, executable: .path(TestWorker.path))
        change(&configuration)
        return try ProcessPool(configuration)
    }

    @Test func aTaskGivesItsOutput() async throws {
        let pool = try Self.pool()
        #expect(try await pool.run(Add(1, 2)) == 3)
        #expect(try await pool.run(Greet("world")) == "Hello, world")
        await pool.close()
        #expect(pool.processes == [])
    }

    @Test func bytesComeBack() async throws {
        let pool = try Self.pool()
        for size in [0, 1, 1_000, 100_000, 10_000_000] {
            let bytes = try Bytes(count: size) { $0.initializeMemory(as: UInt8.self, repeating: 7) }
            let back = try await pool.run(Brighten(bytes))
            #expect(back.count == size)
            #expect(back.withUnsafeBytes { $0.allSatisfy { $0 == 8 } })
        }
        await pool.close()
    }

    @Test func aStopIsHeardAndAStubbornTaskIsEnded() async throws {
        let pool = try Self.pool {
            $0.stopSteps = [
                StopStep(.ask, wait: .seconds(2)), StopStep(.terminate, wait: .milliseconds(250)), StopStep(.kill),
            ]
        }
        let polite = pool.start(Work(milliseconds: 60_000))
        let stubborn = pool.start(Work(milliseconds: 60_000, isStubborn: true))
        for await _ in polite.updates { break }
        for await _ in stubborn.updates { break }
        polite.stop()
        let asked = ContinuousClock.now
        #expect(await polite.ending.kind == "stopped")
        // Well before its process would be told to end.
        #expect(ContinuousClock.now - asked < .milliseconds(1_500))
        let process = pool.processes
        stubborn.stop()
        let askedAgain = ContinuousClock.now
        #expect(await stubborn.ending.kind == "stopped")
        // Asked for 2 s, told for 250 ms, ended.
        let took = ContinuousClock.now - askedAgain
        #expect(took > .milliseconds(2_200) && took < .seconds(4), "\(took)")
        #expect(process.count == 2 && process.count { kill($0, 0) == 0 } == 1)
        await pool.close()
    }

    @Test func manySmallOnes() async throws {
        let pool = try Self.pool()
        let clock = ContinuousClock.now
        let handles = (0..<20_000).map { pool.start(Add($0, 1)) }
        for (index, handle) in handles.enumerated() { #expect(try await handle.value == index + 1) }
        print("20,000 in", ContinuousClock.now - clock)
        var times: [Duration] = []
        for _ in 0..<1000 {
            let start = ContinuousClock.now
            _ = try await pool.run(Add(1, 1))
            times.append(ContinuousClock.now - start)
        }
        print("median", times.sorted()[500])
        await pool.close()
    }
}
