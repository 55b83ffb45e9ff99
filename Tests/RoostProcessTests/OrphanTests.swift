import Foundation
import Glibc
import ProcessTestTasks
import Roost
import Testing

@testable import RoostProcess

/// Guarantee G6: whatever ends the app, nothing of its workers is left.
@Suite(.serialized) struct OrphanTests {
    @Test func nothingIsLeftOfAnAppThatIsKilled() throws {
        let seed = Seed.fromEnvironment
        var generator = SeededGenerator(seed: seed)
        var worst = Duration.zero
        for round in 0..<(Seed.isSoak ? 100 : 5) {
            let app = try TestApp("load")
            try app.waitUntilReady()
            usleep(.random(in: 0...150_000, using: &generator))
            let mark = "ROOST_WORKER_OF=\(app.process)-"
            let workers = Processes.marked(mark)
            #expect(!workers.isEmpty)
            let meter = StallMeter()
            // Before it: the kill returns once the app has been waited for.
            let killed = ContinuousClock.now
            app.kill()
            Processes.wait(.seconds(5)) { !workers.contains(where: Processes.isAlive) }
            let took = ContinuousClock.now - killed
            meter.stop()
            worst = max(worst, took)
            // One that was just being started may have been missing.
            var left = Processes.marked(mark)
            Processes.wait(.seconds(5)) {
                left = Processes.marked(mark)
                return left.isEmpty
            }
            #expect(left.isEmpty, "\(seed), round \(round): \(left)")
            #expect(took < meter.extended(.milliseconds(100)), "\(seed), round \(round)")
            let journal = Processes.journals(of: app.process)
            Processes.wait(.seconds(1)) { Processes.journals(of: app.process).isEmpty }
            #expect(Processes.journals(of: app.process).isEmpty, "\(journal)")
            // But for the page that tells the next start how this one ended, which the record of the run names.
            let memory = "roost-\(getuid())"
            #expect(try Growth.list("/dev/shm").filter { $0.contains("roost") && !isFolderOfPages($0) }.isEmpty)
            let pages = (try? Growth.list("/dev/shm/\(memory)/roost-process-test-app")) ?? []
            for page in pages where page.hasSuffix("-\(app.process).page") {
                unlink("/dev/shm/\(memory)/roost-process-test-app/\(page)")
            }
        }
        print("seed \(seed): all gone after at most \(worst)")
    }

    /// Each user has one.
    private func isFolderOfPages(_ name: String) -> Bool {
        name.hasPrefix("roost-") && Int(name.dropFirst("roost-".count)) != nil
    }

    @Test func theNextLaunchEndsWhatTheGuardianCouldNot() async throws {
        let app = try TestApp("load")
        try app.waitUntilReady()
        let mark = "ROOST_WORKER_OF=\(app.process)-"
        // It is started right after the first worker.
        var guardian: Int32?
        let ready = ContinuousClock.now
        while guardian == nil, ContinuousClock.now - ready < .seconds(5) {
            guardian = Processes.children(of: app.process).first { Processes.name($0) == "roost-guardian" }
        }
        // Both at once, the guardian first: it is started again as soon as the app sees its end.
        app.pause()
        kill(try #require(guardian), SIGKILL)
        app.kill()
        #expect(!Processes.journals(of: app.process).isEmpty)
        let next = try TestApp("load")
        try next.waitUntilReady()
        Processes.wait(.seconds(5)) {
            Processes.marked(mark).isEmpty && Processes.journals(of: app.process).isEmpty
        }
        #expect(Processes.marked(mark).isEmpty)
        #expect(Processes.journals(of: app.process).isEmpty)
        next.kill()
    }

    @Test func childrenOfAWorkerGoWithIt() async throws {
        let pool = try SmokeTests.pool()
        for isRunaway in [false, true] {
            try await StartChild(isRunaway: isRunaway, milliseconds: 60_000).expectToGoWithItsWorker(in: pool)
        }
        await pool.close()
    }

    /// What has left its group is ended by its number, and its mark is found in an environment of any length.
    @Test func aWorkerThatLeavesItsGroupAndALongEnvironmentAreNoWayOut() async throws {
        let long = String(repeating: "x", count: 120_000)
        let pool = try SmokeTests.pool { configuration in
            for number in 0..<4 { configuration.environment["ROOST_TEST_LONG_\(number)"] = long }
        }
        let task = pool.start(StartChild(isRunaway: true, milliseconds: 60_000, leavesGroup: true))
        var child: Int32 = 0
        for await update in task.updates {
            child = Int32(update.completed)
            break
        }
        let worker = try #require(pool.processes.first)
        #expect(child > 0 && getpgid(worker) == getpgrp())
        await pool.close()
        #expect(!Processes.isAlive(worker))
        Processes.wait(.seconds(5)) { !Processes.isAlive(child) }
        #expect(!Processes.isAlive(child))
    }

    /// What is swept after a pool that is gone is nobody else's.
    @Test func noMarkIsUsedAgain() async throws {
        var marks: Set<String> = []
        for _ in 0..<100 {
            let pool = try SmokeTests.pool()
            marks.insert(ProcessPoolCore.mark(1, pool.core))
            await pool.close()
        }
        #expect(marks.count == 100)
    }

    @Test func theSelfTestProvesItOnThisMachine() throws {
        let app = try TestApp("self-test")
        let text = app.output()
        #expect(app.status() == 0, "\(text)")
        #expect(text.contains("nothing was left"), "\(text)")
    }
}

extension StartChild {
    /// Its worker is killed: the child that it has started is gone within 100 ms.
    func expectToGoWithItsWorker(in pool: ProcessPool, at location: SourceLocation = #_sourceLocation) async throws {
        let task = pool.start(self)
        var child: Int32 = 0
        for await update in task.updates {
            child = Int32(update.completed)
            break
        }
        try #require(child > 0 && kill(child, 0) == 0, sourceLocation: location)
        let worker = try #require(pool.processes.first, sourceLocation: location)
        let meter = StallMeter()
        let killed = ContinuousClock.now
        kill(worker, SIGKILL)
        Processes.wait(.seconds(5)) { !Processes.isAlive(child) }
        let took = ContinuousClock.now - killed
        meter.stop()
        let limit = meter.extended(.milliseconds(100))
        #expect(took < limit, "\(inputDescription): \(took)", sourceLocation: location)
        #expect(await task.ending.kind == "crashed", sourceLocation: location)
    }
}

/// The test app, running.
final class TestApp {
    let process: Int32
    private let reader: Int32
    private var ended: Int32?

    /// `more` of the environment: names and values.
    init(_ argument: String, environment more: [String: String] = [:]) throws {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        posix_spawn_file_actions_addclose(&actions, ends[1])
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("process-test-app"), strdup(argument), nil]
        var child: pid_t = 0
        // The threads that tests run on block signals, and a child would inherit that.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        defer { posix_spawnattr_destroy(&attributes) }
        let environment = ProcessInfo.processInfo.environment.merging(more) { $1 }
        let lines = environment.map { strdup("\($0)=\($1)") } + [nil]
        let failure = posix_spawn(&child, TestWorker.appPath, &actions, &attributes, arguments, lines)
        for text in arguments + lines { free(text) }
        posix_spawn_file_actions_destroy(&actions)
        close(ends[1])
        guard failure == 0 else { throw SystemCallError(call: "posix_spawn", errno: failure) }
        process = child
        reader = ends[0]
    }

    deinit {
        if ended == nil {
            Glibc.kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
        close(reader)
    }

    func waitUntilReady() throws {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while !text.contains("ready") {
            let count = read(reader, &buffer, buffer.count)
            guard count > 0 else { throw SystemCallError(call: "read", errno: errno) }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    func output() -> String {
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 1_024)
        while true {
            let count = read(reader, &buffer, buffer.count)
            guard count > 0 else { return text }
            text += String(decoding: buffer[..<count], as: UTF8.self)
        }
    }

    func status() -> Int32 {
        var status: Int32 = 0
        waitpid(process, &status, 0)
        ended = status
        // As a shell says it.
        return status & 0x7F == 0 ? (status >> 8) & 0xFF : 128 + status & 0x7F
    }

    /// Waits for the end, and returns the signal that it was by; 0 for none.
    func endingSignal() -> Int32 {
        var status: Int32 = 0
        waitpid(process, &status, 0)
        ended = status
        return status & 0x7F
    }

    func pause() { Glibc.kill(process, SIGSTOP) }

    func kill() {
        Glibc.kill(process, SIGKILL)
        _ = status()
    }
}

/// Looks into `/proc`.
enum Processes {
    /// Waits until it is so, and leaves the processor to whoever is waited for.
    static func wait(_ limit: Duration, until isSo: () -> Bool) {
        let deadline = ContinuousClock.now + limit
        while !isSo(), ContinuousClock.now < deadline { usleep(200) }
    }

    static func all() -> [Int32] { ((try? Growth.list("/proc")) ?? []).compactMap { Int32($0) } }

    static func marked(_ mark: String) -> [Int32] {
        all().filter { pid in
            guard let environment = try? Growth.read("/proc/\(pid)/environ") else { return false }
            return environment.utf8.split(separator: 0).contains { $0.starts(with: mark.utf8) } && isAlive(pid)
        }
    }

    static func isAlive(_ pid: Int32) -> Bool {
        guard let stat = try? Growth.read("/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: ")") else {
            return false
        }
        return !stat[bracket...].hasPrefix(") Z")
    }

    static func name(_ pid: Int32) -> String {
        ((try? Growth.read("/proc/\(pid)/comm")) ?? "").trimmingCharacters(in: .newlines)
    }

    static func children(of parent: Int32) -> [Int32] {
        all().filter { pid in
            guard let stat = try? Growth.read("/proc/\(pid)/stat"), let bracket = stat.lastIndex(of: ")") else {
                return false
            }
            let fields = stat[bracket...].split(separator: " ")
            return fields.count > 2 && fields[2] == "\(parent)"
        }
    }

    static func journals(of process: Int32) -> [String] {
        let runtime = ProcessInfo.processInfo.environment["XDG_RUNTIME_DIR"].map { $0 + "/roost" }
        return [runtime, "/tmp/roost-\(getuid())"].compactMap { $0 }
            .flatMap { (try? Growth.list($0)) ?? [] }.filter { $0.hasPrefix("\(process)-") }
    }
}
