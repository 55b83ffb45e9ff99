import CRoostProcess
import Foundation
import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Programs that are no workers, and setups: clear errors, and nothing is started again and again.
@Suite(.serialized) struct WorkerStartTests {
    /// Ten tasks for a program that is no worker: all fail with its error, and it was started once for each worker at the most.
    private func failure(
        _ path: String, _ corner: Corner, change: (inout ProcessPool.Configuration) -> Void = { _ in }
    ) async throws -> ProcessPoolError {
        let pool = try SmokeTests.pool { configuration in
            configuration.workers = 0...1
            configuration.executable = .path(path)
            configuration.onOutput = { _ in }
            change(&configuration)
        }
        let handles = (0..<10).map { pool.start(Add($0, 1)) }
        var errors: [ProcessPoolError] = []
        for handle in handles { errors.append(try #require(await handle.ending(within: .seconds(15))?.poolError)) }
        // Asked again at once it does not try again.
        errors.append(try #require(await pool.start(Add(1, 1)).ending(within: .seconds(1))?.poolError))
        #expect(Set(errors.map(\.code)).count == 1 && Set(errors.map(\.message)).count == 1, "\(errors)")
        await pool.close()
        #expect(pool.processes == [])
        return errors[0]
    }

    @Test(arguments: [0, 1]) func aProgramThatEnds(status: Int) async throws {
        let corner = try Corner()
        let path = try corner.script("stranger", "echo 'hello from a stranger'\nexit \(status)")
        let error = try await failure(path, corner)
        #expect(error.code == .noWorkerEntry, "\(error)")
        for part in [path, "left with status \(status)", "WorkerEntry.serveIfWorker()", "hello from a stranger"] {
            #expect(error.message.contains(part), "\(error)")
        }
        #expect(RunLogFile.numbers(in: corner.path("starts")).count == 1)
    }

    /// A task may come at any instant of the end of a program that is no worker: between the death and the giving up, too.
    @Test(arguments: ["exit 1", "exec sleep 1000"])
    func tasksThatComeWhileItEndsStartNoOther(_ line: String) async throws {
        let corner = try Corner()
        let path = try corner.script("stranger", line)
        func starts() -> Int { RunLogFile.numbers(in: corner.path("starts")).count }
        for _ in 0..<(line == "exit 1" ? 100 : 5) {
            let before = starts()
            let pool = try SmokeTests.pool { configuration in
                configuration.workers = 0...1
                configuration.executable = .path(path)
                configuration.startTimeout = line == "exit 1" ? .seconds(10) : .milliseconds(200)
                configuration.onOutput = { _ in }
            }
            var handles: [WorkerHandle<Int, WorkerProgress>] = []
            let deadline = ContinuousClock.now + .seconds(10)
            var isBroken = false
            var asked = ContinuousClock.now
            while !isBroken, ContinuousClock.now < deadline {
                asked = .now
                handles.append(pool.start(Add(1, 1)))
                isBroken = pool.core.state.withLock { $0.machine.isBroken }
                // There would be millions.
                if handles.count % (line == "exit 1" ? 100 : 1) == 0 { usleep(100) }
            }
            // No task waits any more once it has given up.
            handles.append(pool.start(Add(1, 1)))
            let isSoon = ContinuousClock.now - asked < .milliseconds(500)
            for handle in handles {
                #expect(await handle.ending(within: .seconds(5))?.poolError?.code == .noWorkerEntry)
            }
            await pool.close()
            // Asked a second later it would try again.
            if isSoon { #expect(starts() == before + 1) }
        }
    }

    @Test func aProgramThatForgetsWhatItIs() async throws {
        let corner = try Corner()
        let error = try await failure(TestWorker.otherPath, corner) { $0.environment = ["ROOST_TEST_FORGETS": "1"] }
        #expect(
            error.code == .noWorkerEntry && error.message.contains("the other program went its own way"), "\(error)")
    }

    @Test func aProgramThatNeverSaysAnything() async throws {
        let corner = try Corner()
        let error = try await failure(try corner.script("sleeper", "exec sleep 1000"), corner) {
            $0.startTimeout = .seconds(2)
        }
        #expect(error.code == .noWorkerEntry && error.message.contains("it was ended after 2 s"), "\(error)")
        #expect(RunLogFile.numbers(in: corner.path("starts")).count == 1)
    }

    /// What a worker says that was built with another version, said in its place.
    @Test func aProgramOfAnotherVersion() async throws {
        let corner = try Corner()
        let path = try corner.script("sleeper", "exec sleep 1000")
        let pool = try SmokeTests.pool { $0.executable = .path(path) }
        let handle = pool.start(Add(1, 2))
        let deadline = ContinuousClock.now + .seconds(10)
        while RunLogFile.numbers(in: corner.path("starts")).isEmpty, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        let worker = try #require(pool.core.state.withLock { $0.workers.values.first })
        let hello = Hello(wire: wireVersion + 1, executable: "/old/worker", build: "123", setupFailure: nil)
        let writer = FrameWriter(ring: roost_ring_from_worker(worker.control))
        #expect(writer.write(.hello, try TaskCoding.encodePlainly(hello)))
        let error = try #require(await handle.ending(within: .seconds(5))?.poolError)
        #expect(error.code == .protocolBroken && error.message.contains("/old/worker"), "\(error)")
        #expect(error.message.contains("another version of Roost"), "\(error)")
        await pool.close()
        #expect(RunLogFile.numbers(in: corner.path("starts")).count == 1)
    }

    /// One serves; those that are started beside it never say anything.
    @Test func workersThatAreLateDoNotBreakAPoolThatServes() async throws {
        let corner = try Corner()
        let path = try corner.script(
            "once", "[ $(wc -l <'\(corner.path("starts"))') -gt 1 ] && exec sleep 1000\nexec '\(TestWorker.path)'")
        let pool = try SmokeTests.pool {
            $0.executable = .path(path)
            $0.startTimeout = .milliseconds(500)
        }
        let held = pool.start(Innocent(1, gate: corner.path("gate")))
        for await _ in held.updates { break }
        let handles = (0..<10).map { pool.start(Add($0, 1)) }
        let deadline = ContinuousClock.now + .seconds(30)
        while RunLogFile.numbers(in: corner.path("starts")).count < 3, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(RunLogFile.numbers(in: corner.path("starts")).count >= 3)
        Gate.open(corner.path("gate"))
        for (number, handle) in handles.enumerated() { #expect(try await handle.value == number + 1) }
        #expect(try await held.value == 7)
        await pool.close()
    }

    @Test func aPoolWhoseWorkersCannotBeStartedCloses() async throws {
        let corner = try Corner()
        let path = try corner.script("gone", "exit 0")
        for _ in 0..<30 {
            let pool = try SmokeTests.pool { $0.executable = .path(path) }
            try FileManager.default.moveItem(atPath: path, toPath: path + ".away")
            let handles = (0..<3).map { pool.start(Add($0, 1)) }
            await pool.close()
            for handle in handles { #expect(await handle.ending(within: .seconds(5)) != nil) }
            try FileManager.default.moveItem(atPath: path + ".away", toPath: path)
        }
    }

    @Test func aProgramThatCrashesAtOnce() async throws {
        let corner = try Corner()
        let error = try await failure(try corner.script("crasher", "kill -SEGV $$"), corner)
        #expect(error.code == .cannotStartWorker && error.message.contains("SIGSEGV"), "\(error)")
        #expect((1...4).contains(RunLogFile.numbers(in: corner.path("starts")).count))
    }

    @Test func aProgramThatIsNotThere() throws {
        let error = #expect(throws: ProcessPoolError.self) {
            try SmokeTests.pool { $0.executable = .path("/nowhere/worker") }
        }
        #expect(error?.code == .cannotStartWorker && error?.message.contains("/nowhere/worker") == true)
    }

    /// In a chroot, say. What a pool does not find there it would not limit, and not end.
    @Test func withoutProcThereIsNoPool() throws {
        #expect(throws: Never.self) { try ProcFolder.check() }
        let corner = try Corner()
        let error = try #require(#expect(throws: ProcessPoolError.self) { try ProcFolder.check(corner.path("proc")) })
        #expect(error.code == .cannotStartWorker && error.message.contains(corner.path("proc/self/stat")), "\(error)")
        #expect("\(error)".contains("mount -t proc"), "\(error)")
    }

    @Test func aProgramThatIsNone() async throws {
        let corner = try Corner()
        let path = try corner.script("text", "")
        let file = try #require(fopen(path, "w"))
        fputs("neither a script nor a program", file)
        fclose(file)
        let error = try await failure(path, corner)
        #expect(error.code == .cannotStartWorker && error.message.contains(path), "\(error)")
    }

    // MARK: Setup

    @Test(arguments: [Settings.End.isLate, .leaves]) func aSetupThatDoesNotComeToItsEnd(
        _ end: Settings.End
    ) async throws {
        let corner = try Corner()
        var configuration = ProcessPool.Configuration(name: "test", workers: 0...1, executable: .path(TestWorker.path))
        configuration.startTimeout = end == .leaves ? .seconds(10) : .milliseconds(700)
        configuration.onOutput = { _ in }
        let pool = try ProcessPool(configuration, setup: Settings("blue", log: corner.path("setups"), end: end))
        let error = try #require(await pool.start(ReadSettings()).ending(within: .seconds(5))?.poolError)
        let how = end == .leaves ? "left with status 3" : "ended after 700 ms"
        #expect(error.code == .setupFailed && error.message.contains(how), "\(error)")
        #expect(RunLogFile.numbers(in: corner.path("setups")).count == 1)
        await pool.close()
    }

    @Test func aSetupRunsOnceInEachWorkerBeforeItsFirstTask() async throws {
        let corner = try Corner()
        var configuration = try SmokeTests.pool().configuration
        configuration.workers = 2...2
        let pool = try ProcessPool(configuration, setup: Settings("blue", log: corner.path("setups")))
        let held = (0..<2).map { pool.start(Innocent($0, gate: corner.path("gate"))) }
        for handle in held { for await _ in handle.updates { break } }
        let waiting = (0..<20).map { _ in pool.start(ReadSettings()) }
        Gate.open(corner.path("gate"))
        for handle in waiting { #expect(try await handle.value == "blue") }
        #expect(RunLogFile.numbers(in: corner.path("setups")).count == 2)
        // The one that takes a dead worker's place is set up, too.
        _ = await pool.start(Crash(.kill)).ending
        for handle in (0..<20).map({ _ in pool.start(ReadSettings()) }) { #expect(try await handle.value == "blue") }
        #expect((2...3).contains(RunLogFile.numbers(in: corner.path("setups")).count))
        await pool.close()
    }

    @Test func aSetupThatThrowsIsReportedOnce() async throws {
        let corner = try Corner()
        var configuration = try SmokeTests.pool().configuration
        configuration.workers = 0...1
        let pool = try ProcessPool(
            configuration, setup: Settings("no colour today", log: corner.path("setups"), end: .throwsIt))
        for handle in (0..<10).map({ pool.start(Add($0, 1)) }) {
            let error = try #require(await handle.ending(within: .seconds(10))?.poolError)
            #expect(error.code == .setupFailed && error.message.contains("no colour today"), "\(error)")
        }
        #expect(RunLogFile.numbers(in: corner.path("setups")).count == 1)
        await pool.close()
    }

    @Test func aSetupThatCrashesIsNotTriedForEver() async throws {
        let corner = try Corner()
        var configuration = try SmokeTests.pool().configuration
        configuration.workers = 0...1
        configuration.onOutput = { _ in }
        let pool = try ProcessPool(
            configuration, setup: Settings("the paint is out", log: corner.path("setups"), end: .crashes))
        for handle in (0..<10).map({ pool.start(Add($0, 1)) }) {
            let error = try #require(await handle.ending(within: .seconds(10))?.poolError)
            #expect(error.message.contains("the paint is out"), "\(error)")
        }
        #expect((1...4).contains(RunLogFile.numbers(in: corner.path("setups")).count))
        await pool.close()
    }
}
