import Glibc
import ProcessTestTasks
import Roost
import RoostCrashReport
import RoostProcess
import Testing

/// Every way to end badly ends one task, with the evidence that can be had; ten others in the same pool finish.
///
/// The workers are of the build that the tests are of, or of the one that ROOST_TEST_WORKER names: `./test process-release`.
@Suite(.serialized) struct CrashMatrixTests {
    struct Expected: Sendable {
        var kind: CrashReason.Kind
        var source: CrashReason.Source
        var isCertain = true
    }

    struct Row: Sendable, CustomTestStringConvertible {
        var way: Crash.Way
        var cause: TaskCrash.Cause
        var debug: Expected
        var release: Expected
        /// Stands in the reason: debug, release.
        var text: (String, String)
        /// Its own function, where there is a backtrace, and whether release has it, too.
        var function: String?
        var testDescription: String { way.rawValue }

        init(
            _ way: Crash.Way, _ cause: TaskCrash.Cause, debug: Expected, release: Expected? = nil,
            _ text: String, release releaseText: String? = nil, in function: String? = nil
        ) {
            (self.way, self.cause, self.debug, self.release) = (way, cause, debug, release ?? debug)
            self.text = (text, releaseText ?? text)
            self.function = function
        }
    }

    static let table: [Row] = [
        Row(
            .indexOutOfRange, .signal(SIGILL), debug: Expected(kind: .indexOutOfRange, source: .standardError),
            release: Expected(kind: .indexOutOfRange, source: .backtrace), "Index out of range", in: "readIndex"),
        Row(
            .nilValue, .signal(SIGILL), debug: Expected(kind: .unwrappedNil, source: .standardError),
            release: Expected(kind: .unwrappedNil, source: .backtrace), "found nil", in: "readNil"),
        Row(
            .overflow, .signal(SIGILL), debug: Expected(kind: .overflow, source: .backtrace), "arithmetic overflow",
            in: "addTooMuch"),
        Row(
            .fatal, .signal(SIGILL), debug: Expected(kind: .fatalError, source: .standardError), "the roof is gone",
            in: "stopWithText"),
        Row(
            .badPointer, .signal(SIGSEGV), debug: Expected(kind: .badPointer, source: .signal),
            "bad pointer 0x10, near null",
            in: "readBadPointer"),
        Row(
            .abort, .signal(SIGABRT), debug: Expected(kind: .abort, source: .signal, isCertain: false),
            "abort was called", in: "native_abort"),
        Row(
            .exclusivity, .signal(SIGABRT), debug: Expected(kind: .exclusivity, source: .standardError),
            "Simultaneous accesses", in: "conflict"),
        Row(
            .stackOverflow, .signal(SIGSEGV), debug: Expected(kind: .stackOverflow, source: .signal), "stack overflow",
            in: "deep"),
        Row(
            .threadOverflow, .signal(SIGSEGV), debug: Expected(kind: .stackOverflow, source: .signal), "stack overflow",
            in: "native_deep"),
        // Without a stack for the handler nothing can be noted, and there is no backtrace.
        Row(
            .bareThreadOverflow, .signal(SIGSEGV),
            debug: Expected(kind: .badPointer, source: .signal, isCertain: false),
            "a bad pointer, or no room left on a stack"),
        Row(
            .cxxException, .signal(SIGABRT), debug: Expected(kind: .uncaughtException, source: .standardError),
            "uncaught C++ exception 'std::runtime_error': the nest is full", in: "native_throw"),
        Row(
            .eightThreads, .signal(SIGILL), debug: Expected(kind: .indexOutOfRange, source: .standardError),
            release: Expected(kind: .indexOutOfRange, source: .backtrace), "Index out of range", in: "readIndex"),
        // A copy that the worker forked has crashed before it: that is none of its own evidence.
        Row(
            .afterACopy, .signal(SIGILL), debug: Expected(kind: .indexOutOfRange, source: .standardError),
            release: Expected(kind: .indexOutOfRange, source: .backtrace), "Index out of range", in: "readIndex"),
        // Its instruction is over: the program would go on behind it.
        Row(
            .debuggerTrap, .signal(SIGTRAP), debug: Expected(kind: .signal, source: .signal),
            "a breakpoint was reached", in: "native_debugger_trap"),
        Row(.exitZero, .exit(0), debug: Expected(kind: .exited, source: .exitStatus), "left with status 0"),
        Row(.exitThree, .exit(3), debug: Expected(kind: .exited, source: .exitStatus), "left with status 3"),
        Row(
            .kill, .signal(SIGKILL), debug: Expected(kind: .killed, source: .signal, isCertain: false),
            "killed by the kernel or by somebody"),
    ]

    static func isDebug() async throws -> Bool {
        let pool = try SmokeTests.pool()
        let built = try await pool.run(HowBuilt())
        await pool.close()
        return built == "debug"
    }

    @Test(arguments: table) func aCrashEndsOneTask(_ row: Row) async throws {
        let isDebug = try await Self.isDebug()
        let crash = try await Scene.crash(task: { Crash(row.way, gate: $0) })
        let expected = isDebug ? row.debug : row.release
        let reason = crash.report.reason
        print(
            "\(isDebug ? "debug" : "release") \(row.way): \(reason.kind.rawValue) \(reason.source) \(reason.isCertain): \(crash.reason)"
        )
        #expect(crash.cause == row.cause)
        #expect(
            reason.kind == expected.kind && reason.source == expected.source && reason.isCertain == expected.isCertain,
            "\(crash)")
        #expect(crash.reason.contains(isDebug ? row.text.0 : row.text.1), "\(crash.reason)")
        let file = "ProcessTestTasks/Crash.swift"
        try crash.expectEvidence(
            task: "Crash", input: "a crash by \(row.way)", update: "about to crash", checkpoint: "checkpoint", in: file,
            printed: "crashing by \(row.way)")
        guard let function = row.function else { return }
        let isNative = function.hasPrefix("native_")
        let line = isNative ? nil : try Marked.line(row.way.rawValue, in: file)
        crash.expectFrame(function, at: isDebug ? line.map { "\(file):\($0)" } : nil)
    }

    // MARK: Ended from outside

    @Test func aWorkerThatSomebodyKills() async throws {
        let crash = try await Scene.crash(
            task: { _ in Endless(isBusy: false) },
            action: { scene in
                let pid = try #require(scene.first).completed
                #expect(scene.pool.processes.contains(Int32(pid)))
                kill(pid_t(pid), SIGKILL)
            })
        #expect(crash.cause == .signal(SIGKILL))
        #expect(
            crash.report.reason.kind == .killed && crash.report.reason.source == .signal
                && !crash.report.reason.isCertain)
        try crash.expectEvidence(
            task: "Endless", input: "Endless(isBusy: false, gate: nil)", update: "about to be endless",
            checkpoint: "endless",
            in: "ProcessTestTasks/Misbehaviour.swift", printed: "endless")
    }

    // MARK: Limits

    @Test(arguments: [false, true], [false, true])
    func memoryBeyondTheLimit(isAtOnce: Bool, isLimitOfThePool: Bool) async throws {
        let limit = 64 << 20
        let crash = try await Scene.crash(
            limits: isLimitOfThePool ? TaskLimits() : TaskLimits(memory: limit),
            configure: { if isLimitOfThePool { $0.limits.memory = limit } },
            task: { Grow(mebibytes: 768, isAtOnce: isAtOnce, gate: $0) })
        print(
            "memory, at once: \(isAtOnce), limit of the pool: \(isLimitOfThePool): peak \(crash.peakMemory >> 20) MiB, \(crash.reason)"
        )
        #expect(crash.cause == .memoryLimit(limit))
        #expect(crash.reason == "it used more than its limit of 64 MiB of memory")
        let gate = crash.input.split(separator: "\"").dropFirst().first ?? ""
        try crash.expectEvidence(
            task: "Grow", input: "Grow(mebibytes: 768, isAtOnce: \(isAtOnce), gate: \"\(gate)\")",
            update: "about to grow", checkpoint: "grow", in: "ProcessTestTasks/Misbehaviour.swift", printed: "growing")
    }

    @Test(arguments: [false, true]) func timeBeyondTheLimit(isBusy: Bool) async throws {
        let limit = Duration.milliseconds(200)
        let crash = try await Scene.crash(
            limits: TaskLimits(time: limit), task: { _ in Endless(isBusy: isBusy) })
        #expect(crash.cause == .timeLimit(limit))
        #expect(crash.reason.contains("it ran longer than its limit of"), "\(crash.reason)")
        #expect(crash.ranFor >= limit && crash.ranFor < limit + .seconds(2), "\(crash.ranFor)")
        try crash.expectEvidence(
            task: "Endless", input: "Endless(isBusy: \(isBusy), gate: nil)", update: "about to be endless",
            checkpoint: "endless", in: "ProcessTestTasks/Misbehaviour.swift", printed: "endless")
    }

    /// It has 100 ms to answer, within which a busy machine may run somebody else: once in three times is enough.
    @Test func aTaskThatHearsItsTimeIsOverKeepsItsWorker() async throws {
        var endings: [String] = []
        for _ in 0..<3 {
            var isSame = false
            let ending = try await Scene.play(
                limits: TaskLimits(time: .milliseconds(100)), task: { _ in Work(milliseconds: 60_000) },
                action: { scene in
                    let before = scene.pool.processes
                    _ = await scene.handle.ending
                    isSame = scene.pool.processes == before
                })
            if case .timedOut(.milliseconds(100)) = ending, isSame { return }
            endings.append("\(ending)")
        }
        Issue.record("\(endings)")
    }

    @Test func processorTimeBeyondTheLimit() async throws {
        let limit = Duration.milliseconds(150)
        let crash = try await Scene.crash(
            limits: TaskLimits(cpuTime: limit), task: { Endless(isBusy: true, gate: $0) })
        #expect(crash.cause == .cpuTimeLimit(limit))
        #expect(crash.reason.contains("it used more than its limit of"), "\(crash.reason)")
        #expect(crash.cpuTime >= limit && crash.cpuTime < limit + .seconds(2), "\(crash.cpuTime)")
    }

    // MARK: Stopped

    @Test func aTaskThatIgnoresSIGTERM() async throws {
        let ending = try await Scene.play(
            configure: {
                $0.stopSteps = [
                    StopStep(.ask, wait: .milliseconds(100)), StopStep(.terminate, wait: .milliseconds(100)),
                    StopStep(.kill),
                ]
            },
            task: { _ in Endless(isBusy: true) },
            action: { scene in
                let pid = try #require(scene.first).completed
                let start = ContinuousClock.now
                #expect(scene.handle.stop())
                _ = await scene.handle.ending
                let took = ContinuousClock.now - start
                #expect(took >= .milliseconds(200) && took < .seconds(2), "\(took)")
                #expect(kill(pid_t(pid), 0) != 0)
            })
        guard case .stopped = ending else {
            Issue.record("\(ending)")
            return
        }
    }

    // MARK: What is left behind

    @Test func aChildOfATaskThatCrashes() async throws {
        var child: Int32 = 0
        let crash = try await Scene.crash(
            task: { LeaveChild(.crashes, gate: $0) },
            action: { scene in
                child = Int32(try #require(scene.first).completed)
                _ = await scene.handle.ending
                #expect(await Leftover.isGone(child, within: .milliseconds(100)))
            })
        #expect(child > 0 && crash.cause == .signal(SIGILL) && crash.reason.contains("a child is left"))
    }

    @Test func aChildOfATaskThatIsStopped() async throws {
        _ = try await Scene.play(
            configure: { $0.stopSteps = [StopStep(.kill)] }, task: { _ in LeaveChild(.waits) },
            action: { scene in
                let child = Int32(try #require(scene.first).completed)
                scene.handle.stop()
                _ = await scene.handle.ending
                #expect(await Leftover.isGone(child, within: .milliseconds(100)))
            })
    }

    /// It is the worker's until the worker ends.
    @Test func aChildOfATaskThatReturnsGoesWithThePool() async throws {
        let pool = try SmokeTests.pool()
        let child = try await pool.run(LeaveChild(.returns))
        #expect(kill(child, 0) == 0)
        await pool.close()
        #expect(await Leftover.isGone(child, within: .milliseconds(100)))
    }

    @Test func aLargeResultThatNobodyAwaits() async throws {
        let before = try Growth.now().mapped
        do {
            let pool = try SmokeTests.pool()
            for _ in 0..<8 { _ = pool.start(Flood(mebibytes: 64)) }
            let handles = (0..<10).map { pool.start(Innocent($0)) }
            for (number, handle) in handles.enumerated() { #expect(try await handle.value == number * 7) }
            // Behind all of them: no worker is held up by what nobody takes.
            let seen = pool.start(Flood(mebibytes: 64))
            #expect(try await seen.value.count == 64 << 20)
            await pool.close()
            #expect(pool.processes == [])
        }
        let deadline = ContinuousClock.now + .seconds(5)
        while try Growth.now().mapped > before, ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(try Growth.now().mapped <= before)
    }
}

enum Leftover {
    /// Waits until there is no such process; a zombie is none of a worker's group any more.
    static func isGone(_ pid: Int32, within limit: Duration) async -> Bool {
        let began = ContinuousClock.now
        let meter = StallMeter()
        defer { meter.stop() }
        var isLate = false
        while true {
            guard kill(pid, 0) == 0 else { return true }
            let status = (try? Growth.read("/proc/\(pid)/stat"))?.split(separator: ")").last ?? ""
            if status.hasPrefix(" Z") || status.isEmpty { return true }
            if isLate { return false }
            // Looked at once more: what is measured may come late, too.
            isLate = ContinuousClock.now - began >= meter.extended(limit)
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}
