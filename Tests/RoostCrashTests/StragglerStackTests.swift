import Foundation
import Roost
import Testing

/// Programs whose end is late: what their reports say about the threads that kept them.
@Suite(.serialized) struct StragglerStackTests {
    private struct Late {
        var outcome: CrashProgram.Outcome
        var report: ShutdownReport
        /// From the request to the end.
        var took: Duration
    }

    private static let source = "ShutdownTestApp/Main.swift"

    /// Beside that one, so that a run with a sanitizer takes a program without one: that has threads and pauses of its own.
    static let path = URL(fileURLWithPath: CrashProgram.path).deletingLastPathComponent()
        .appendingPathComponent("shutdown-test-app").path

    /// Runs the program until it is late; `signal` asks for its end once it is where it is to be.
    private func run(
        _ action: String, budget: Int = 2_000, signal: Int32? = SIGTERM, library: (path: String, way: String)? = nil,
        status: Int32 = 70
    ) throws -> Late {
        let program = try CrashProgram()
        let running = try program.start(
            [action, "\(budget)"] + (library.map { [$0.path] } ?? []),
            environment: library.map { ["LIBRARY_WAITS": $0.way] } ?? [:], store: program.folder + "/report.json",
            program: Self.path)
        #expect(running.waits(for: "ready"))
        let asked = ContinuousClock.now
        if let signal { kill(running.id, signal) }
        let outcome = running.end()
        let took = ContinuousClock.now - asked
        #expect(outcome.status == status, "\(outcome)")
        #expect(took < .milliseconds(budget + 1_500), "it took \(took)")
        let text = try String(contentsOfFile: program.folder + "/report.json", encoding: .utf8)
        return Late(outcome: outcome, report: try ShutdownReport(json: text), took: took)
    }

    /// Whatever has the name of the file that is to be written: it keeps no end waiting, and does not change its status.
    @Test func aReportWhosePlaceIsTakenKeepsNobody() throws {
        let program = try CrashProgram()
        #expect(mkfifo(program.folder + "/report.json.new", 0o600) == 0)
        let running = try program.start(
            ["nothing", "2000"], store: program.folder + "/report.json", program: Self.path)
        #expect(running.waits(for: "ready"))
        kill(running.id, SIGTERM)
        let outcome = running.end()
        #expect(outcome.signal == SIGTERM, "\(outcome)")
    }

    /// The function and the marked line are in the stack, and so they are on standard error.
    private func expect(_ function: String, _ mark: String, in lines: [String]?, _ late: Late) throws {
        let line = try CensusMark.line(mark, in: Self.source)
        let found = lines?.first { $0.contains(function) && $0.contains("Main.swift:\(line)") }
        #expect(found != nil, "\(function) is not in the stack:\n\(lines ?? [])\n\(late.outcome.errors)")
        if let found { #expect(late.outcome.errors.contains(found), "\(late.outcome.errors)") }
    }

    @Test func aWorkerThatSleepsIsNamedWithItsLine() throws {
        let late = try run("worker")
        let straggler = try #require(late.report.stragglers.first)
        #expect(straggler.worker == "count sheep" && late.report.stragglers.count == 1)
        try expect("sleepInTheWorker", "worker", in: straggler.stack, late)
        #expect(straggler.waitsIn?.contains("nanosleep") == true, "\(straggler)")
        #expect(late.outcome.errors.contains("waits in "), "\(late.outcome.errors)")
    }

    @Test func aWorkerThatComputesIsNamedWithItsLine() throws {
        let late = try run("computes")
        let straggler = try #require(late.report.stragglers.first)
        try expect("computeInTheWorker", "computes", in: straggler.stack, late)
        #expect(straggler.waitsIn == nil)
    }

    @Test func aSuspendedBodyIsSaidToHaveNoStack() throws {
        let late = try run("async")
        let straggler = try #require(late.report.stragglers.first)
        #expect(straggler.stack.isEmpty && straggler.onThread == nil && straggler.thread == nil)
        #expect(late.outcome.errors.contains("(async: no thread, no stack)"))
    }

    @Test func aThreadOfOnesOwnIsNamedWithItsLine() throws {
        let late = try run("serial")
        let straggler = try #require(late.report.stragglers.first { $0.thread == "camera" })
        try expect("sleepOnTheOwnThread", "serial", in: straggler.stack, late)
    }

    @Test func aMainBodyIsNamedWithItsLine() throws {
        let late = try run("main")
        let straggler = try #require(late.report.stragglers.first)
        #expect(straggler.worker == "main")
        try expect("sleepOnMain", "main", in: straggler.stack, late)
    }

    @Test func aFinalizerIsNamedWithItsLine() throws {
        let late = try run("finalizer", signal: nil)
        let finalizer = try #require(late.report.finalizers.first)
        #expect(finalizer.outcome.hasPrefix("abandoned"))
        try expect("sleepInTheFinalizer", "finalizer", in: finalizer.onThread?.lines, late)
    }

    // MARK: The exit

    private final class Library {
        let path: String
        static let source = "Fixtures/joins-at-exit/library.c"

        /// Built as a library is, and not linked: what it does at the exit is what a stranger's would.
        init() throws {
            let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            path = NSTemporaryDirectory() + "libjoins-\(UUID().uuidString).so"
            let compiler = Process()
            compiler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            compiler.arguments = [
                "clang", "-g", "-fPIC", "-shared", "-pthread", "-o", path,
                tests.appendingPathComponent(Self.source).path,
            ]
            try compiler.run()
            compiler.waitUntilExit()
            try #require(compiler.terminationStatus == 0)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        var name: String { URL(fileURLWithPath: path).lastPathComponent }

        /// A frame of the library in the marked line.
        func frame(_ function: String, _ mark: String, in lines: [String]) throws -> String? {
            let line = try CensusMark.line(mark, in: Self.source)
            return lines.first { $0.contains(function) && $0.contains("library.c:\(line)") && $0.hasSuffix(name) }
        }
    }

    @Test(arguments: ["join in a destructor", "join at the exit"])
    func anExitThatJoinsAThreadNamesTheLibraryAndTheThread(_ way: String) throws {
        let library = try Library()
        let late = try run("exit", signal: nil, library: (library.path, way))
        let errors = late.outcome.errors
        #expect(late.report.finalizers.last?.name == "exit")
        let hold = try #require(late.report.exitHold, "\(errors)")
        // `pthread_join`, or what the C library has behind it.
        #expect(hold.held.lines.contains { $0.contains("pthread_") && $0.contains("join") }, "\(errors)")
        #expect(hold.held.waitsIn?.contains("the end of thread") == true)
        let joins = try #require(try library.frame("join_the_endless", "joins", in: hold.held.lines), "\(errors)")
        #expect(hold.isCertain && hold.keepers.count == 1)
        let keeper = try #require(hold.keepers.first)
        #expect(keeper.name == "'never-ends'")
        let sleeps = try #require(try library.frame("sleep_for_ever", "sleeps", in: keeper.lines), "\(errors)")
        for text in [joins, sleeps, "it waits for 'never-ends'", "the exit hangs in the main thread"] {
            #expect(errors.contains(text), "\(text) is not in:\n\(errors)")
        }
        #expect(late.report.outcome == .exited(70))
    }

    @Test func anExitThatWaitsForNobodyKnowsNotForWhom() throws {
        let library = try Library()
        let late = try run("exit", signal: nil, library: (library.path, "wait at the exit"))
        let hold = try #require(late.report.exitHold, "\(late.outcome.errors)")
        #expect(try library.frame("wait_for_nobody", "waits", in: hold.held.lines) != nil)
        #expect(!hold.isCertain && hold.keepers.map(\.name) == ["'never-ends'"])
        #expect(late.outcome.errors.contains("it may wait for 'never-ends'"))
    }

    // MARK: What is still alive

    @Test func aSurvivorAndAnOpenWindowAreInTheReport() throws {
        let end = try run("survivor", budget: 5_000, signal: nil, status: 0)
        let survivor = try #require(end.report.survivors.first)
        #expect(survivor.name == "album" && survivor.scope == "fields" && end.report.survivors.count == 1)
        #expect(survivor.overdue >= .milliseconds(200) && survivor.age >= survivor.overdue)
        #expect(end.report.openWindows == ["Album Window"])
        // Said once, when it was late, and only where somebody can do something about it.
        let lines = end.outcome.errors.split(separator: "\n").filter {
            $0.contains("'album' of 'fields' is still there")
        }
        #expect(lines.count == (CrashProgram.isRelease ? 0 : 1), "\(end.outcome.errors)")
    }
}
