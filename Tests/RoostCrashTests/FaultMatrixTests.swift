import Foundation
import Testing

/// Every way to end badly, on every kind of thread: the next start says what happened, where, and in which stage or worker, and whoever waited
/// for the program saw the true status. Debug, or the build that ROOST_TEST_WORKER names.
@Suite(.serialized) struct FaultMatrixTests {
    struct Fault: Sendable, CustomTestStringConvertible {
        var way: String
        var signal: Int32
        /// Stands in what is said of it, in a debug build; in a release build where it is another text.
        var reason: String
        var release: String?
        /// The function that failed.
        var function: String
        /// False where the line is not a line of Swift.
        var hasLine = true
        var testDescription: String { way }
    }

    static let faults = [
        Fault(
            way: "indexOutOfRange", signal: SIGILL, reason: "a check of Swift failed", release: "ndex out of range",
            function: "readIndex"),
        Fault(
            way: "nilValue", signal: SIGILL, reason: "a check of Swift failed", release: "found nil",
            function: "readNil"),
        Fault(way: "overflow", signal: SIGILL, reason: "arithmetic overflow", function: "addTooMuch"),
        Fault(
            way: "divisionByZero", signal: SIGILL, reason: "a check of Swift failed", release: "ivision by zero",
            function: "divide"),
        Fault(way: "fatal", signal: SIGILL, reason: "a check of Swift failed", function: "stopWithText"),
        Fault(
            way: "precondition", signal: SIGILL, reason: "a check of Swift failed", release: "precondition failure",
            function: "demand"),
        Fault(way: "cast", signal: SIGABRT, reason: "cast to a type that it does not have", function: "cast"),
        Fault(
            way: "exclusivity", signal: SIGABRT, reason: "two accesses to one variable", function: "conflict",
            hasLine: false),
        Fault(way: "badPointer", signal: SIGSEGV, reason: "bad pointer 0x10, near null", function: "readBadPointer"),
        Fault(way: "stackOverflow", signal: SIGSEGV, reason: "stack overflow", function: "deep", hasLine: false),
        Fault(way: "abort", signal: SIGABRT, reason: "abort was called", function: "native_abort", hasLine: false),
        Fault(
            way: "cxxException", signal: SIGABRT, reason: "a C++ exception that nobody caught",
            function: "native_throw", hasLine: false),
        Fault(
            way: "debuggerTrap", signal: SIGTRAP, reason: "a breakpoint was reached", function: "native_debugger_trap",
            hasLine: false),
    ]

    static let file = "ProcessTestTasks/Crash.swift"

    @Test(arguments: faults, ["main", "pool", "thread"])
    func aFaultIsKnownByTheNextStart(_ fault: Fault, on place: String) throws {
        let program = try CrashProgram()
        let outcome = try program.run("crash", fault.way, place, "decoder check")
        #expect(outcome.signal == fault.signal, "\(outcome)")
        #expect(outcome.errors.contains("crash-test: crashed; the next start says where"), "\(outcome.errors)")
        let told = try program.tell()
        #expect(told.ending.hasPrefix("crashed ("), "\(told)")
        #expect(told.stage == "decoder check")
        // The signal is said once.
        #expect(told.summary.split(separator: " ").filter { $0.contains("SIG") }.count == 1, "\(told.summary)")
        let reason = CrashProgram.isRelease ? fault.release ?? fault.reason : fault.reason
        #expect(told.summary.contains(reason), "\(told.summary)")
        #expect(told.text.contains(fault.function), "\(told)")
        if fault.hasLine, !CrashProgram.isRelease {
            let line = try MarkedLine.number(fault.way, in: Self.file)
            #expect(told.text.contains("\(Self.file):\(line)"), "\(told)")
        }
        #expect(told.text.contains("about to crash by \(fault.way)"), "\(told)")
        let worker = told.values("crashed worker").first
        if place == "pool" {
            #expect(worker?.hasPrefix("'risky work' of 'risky scope', thread ") == true, "\(told)")
            #expect(worker?.contains("last checkpoint crash_test_app/Main.swift:") == true, "\(told)")
        } else {
            #expect(worker == nil)
        }
        // It is told once more, and its report is kept.
        #expect(program.reports.count == 2 && program.reports.allSatisfy { $0.contains("-crashed.") })
    }

    @Test func anErrorThrownOutOfTheProgram() throws {
        let program = try CrashProgram()
        let outcome = try program.run("crash", "fatal", "error")
        #expect(outcome.signal == SIGILL || outcome.signal == SIGTRAP)
        let told = try program.tell()
        #expect(told.summary.contains("ThrownAtTheTop"), "\(told)")
    }

    @Test func eightThreadsAtOnce() throws {
        // Whether a second one crashes before the first one's end is chance, though a good one.
        var isSecondSeen = false
        for _ in 0..<10 where !isSecondSeen {
            let program = try CrashProgram()
            let outcome = try program.run("crash", "eightThreads", "main")
            #expect(outcome.signal == SIGILL, "\(outcome)")
            let told = try program.tell()
            #expect(told.text.contains("readIndex"), "\(told)")
            isSecondSeen = told.text.contains("meanwhile also SIGILL")
        }
        #expect(isSecondSeen)
    }

    @Test func theRuntimesBacktracerStillRuns() throws {
        let program = try CrashProgram()
        let outcome = try program.run(
            "crash", "indexOutOfRange", "main", environment: ["SWIFT_BACKTRACE": "enable=yes,interactive=no,color=no"])
        #expect(outcome.signal == SIGILL)
        #expect(outcome.errors.contains("Crash.swift"), "\(outcome.errors)")
        let told = try program.tell()
        #expect(told.text.contains("readIndex"), "\(told)")
    }

    /// Swift's own handler returns from a signal that somebody sent as if nothing had been.
    @Test(arguments: ["enable=no", "enable=yes,interactive=no,color=no"])
    func aSignalThatWasSentEndsTheProcess(_ backtracer: String) throws {
        let program = try CrashProgram()
        let outcome = try program.run("crash", "sentSignal", "main", environment: ["SWIFT_BACKTRACE": backtracer])
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(try program.tell().summary.contains("sent by the process itself or by another one"))
    }

    // MARK: Ends without a handler

    @Test func aRunThatSomebodyKilled() throws {
        let program = try CrashProgram()
        let running = try program.start(["wait", "cache folder"])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGKILL)
        #expect(running.end().signal == SIGKILL)
        let told = try program.tell()
        #expect(told.ending == "ended without a word", "\(told)")
        #expect(told.stage == "cache folder")
        // What the worker did: nobody wrote that down at the end, it stood there.
        let worker = try #require(told.values("worker").first)
        #expect(worker.hasPrefix("'patient work' of 'patient scope', thread "), "\(worker)")
        #expect(worker.contains("last checkpoint crash_test_app/Main.swift:"), "\(worker)")
        #expect(told.text.contains("    waiting"), "\(told)")
    }

    @Test func aRunThatTheMachineTookAlong() throws {
        let program = try CrashProgram()
        let running = try program.start(["wait", "cache folder"])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGKILL)
        _ = running.end()
        // Another start of the machine: its memory is empty, and the record names another one.
        try FileManager.default.removeItem(atPath: program.pageFile())
        let path = try program.runFile()
        let record = try String(contentsOfFile: path, encoding: .utf8)
        let other = record.split(separator: "\n", omittingEmptySubsequences: false).map {
            $0.hasPrefix("boot ") ? "boot 00000000-1111-2222-3333-444444444444" : String($0)
        }
        try other.joined(separator: "\n").write(toFile: path, atomically: false, encoding: .utf8)
        let told = try program.tell()
        #expect(told.ending == "ended with the machine", "\(told)")
        #expect(told.stage == "cache folder")
        // The machine's end says nothing against the program.
        #expect(told.values("failed starts") == ["0"])
    }

    /// Its memory is used up by a limit of its own; the kernel's way out is SIGKILL, see ``aRunThatSomebodyKilled()``.
    @Test func aRunThatGotNoMemory() throws {
        let program = try CrashProgram()
        let outcome = try program.run("crash", "noMemory", "pool")
        #expect([SIGSEGV, SIGILL, SIGTRAP, SIGABRT].contains(outcome.signal), "\(outcome)")
        let told = try program.tell()
        #expect(told.ending.hasPrefix("crashed ("), "\(told)")
        #expect(told.values("crashed worker").first?.hasPrefix("'risky work'") == true, "\(told)")
    }

    @Test(arguments: [0, 3]) func aRunThatEndedByItself(_ status: Int32) throws {
        let program = try CrashProgram()
        let outcome = try program.run("exit", "\(status)")
        #expect(outcome.status == status)
        let told = try program.tell()
        #expect(told.ending == (status == 0 ? "ended well" : "ended with status 3"), "\(told)")
        #expect(program.reports.isEmpty)
    }

    @Test func aFirstStartHasNothingToTell() throws {
        let program = try CrashProgram()
        #expect(try program.tell().text == "no run before this one\n")
    }

    /// Nothing of an orderly run is left in memory.
    @Test func anOrderlyEndLeavesNoPage() throws {
        let program = try CrashProgram()
        let running = try program.start(["exit", "0"])
        #expect(running.end().status == 0)
        #expect(CrashProgram.pages(of: running.id).isEmpty)
    }

    @Test func aPageGoesOnceItsReportIsThere() throws {
        let program = try CrashProgram()
        let running = try program.start(["crash", "badPointer", "main"])
        #expect(running.end().signal == SIGSEGV)
        #expect(CrashProgram.pages(of: running.id).count == 1)
        _ = try program.tell()
        #expect(CrashProgram.pages(of: running.id).isEmpty)
    }
}
