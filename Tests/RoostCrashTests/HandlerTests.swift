import Foundation
import Testing

/// What could go wrong while a crash is written down.
@Suite(.serialized) struct HandlerTests {
    @Test func aFaultWithinTheHandler() throws {
        let program = try CrashProgram()
        let outcome = try program.run("nested")
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(outcome.took < .seconds(5))
        // The steps behind the one that failed were done.
        #expect(outcome.errors.contains("crash-test: crashed"), "\(outcome.errors)")
        let told = try program.tell()
        #expect(told.summary.contains("bad pointer 0x10, near null"), "\(told)")
        #expect(told.text.contains("readBadPointer"), "\(told)")
        #expect(told.text.contains("meanwhile also SIGSEGV"), "\(told)")
    }

    /// A handler that does not come back is ended by the kernel.
    @Test func aHandlerThatHangs() throws {
        let program = try CrashProgram()
        let outcome = try program.run("hang-in-handler")
        #expect(outcome.signal == SIGKILL, "\(outcome)")
        #expect(outcome.took < .seconds(15), "\(outcome.took)")
        let told = try program.tell()
        #expect(told.ending == "crashed (SIGSEGV)", "\(told)")
        #expect(told.text.contains("readBadPointer"), "\(told)")
    }

    @Test(arguments: ["exit", "crash"]) func aForkedChildIsAnothersBusiness(_ way: String) throws {
        let program = try CrashProgram()
        let running = try program.start(["fork", way])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGKILL)
        _ = running.end()
        #expect(try program.tell().ending == "ended without a word")
    }

    /// The mask of a process goes on to what it becomes; a fault that is blocked would be nobody's.
    @Test func aProgramStartedWithItsFaultsBlocked() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash-blocked").signal == SIGSEGV)
        let told = try program.tell()
        #expect(told.ending == "crashed (SIGSEGV)" && told.text.contains("readBadPointer"), "\(told)")
    }

    /// An end in a hurry is no orderly one: what that would have done is done all the same.
    @Test func finalizersRunWhenSomebodyIsInAHurry() throws {
        let program = try CrashProgram()
        let running = try program.start(["finalizers", "late", program.folder])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGINT)
        #expect(running.waits(for: "ending"))
        kill(running.id, SIGINT)
        let outcome = running.end()
        #expect(outcome.signal == SIGINT, "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: program.folder + "/declared"))
        let child = try #require(outcome.declaredGroup)
        #expect(CrashProgram.isGone(child), "the group of \(child) lives on")
    }

    /// By the one call, in a program of another shape.
    @Test func anOrderlyEndIsKnownWithTheCaptureAlone() throws {
        let program = try CrashProgram()
        let running = try program.start(["alone"])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        #expect(running.end().signal == SIGTERM)
        #expect(try program.tell().ending == "was stopped by SIGTERM")
    }

    /// Opening it would wait for its other end, within the handler.
    @Test func aCopyWhosePlaceIsTaken() throws {
        let program = try CrashProgram()
        let running = try program.start(["wait"])
        #expect(running.waits(for: "waiting"))
        #expect(mkfifo(try program.runFile().dropLast(".run".count) + ".crash", 0o600) == 0)
        kill(running.id, SIGSEGV)
        let outcome = running.end()
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(try program.tell().ending == "crashed (SIGSEGV)")
    }

    @Test func finalizersRunInCAndNothingElse() throws {
        let program = try CrashProgram()
        let outcome = try program.run("finalizers", "crash", program.folder)
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(outcome.output.hasPrefix("child "), "\(outcome)")
        let files = try FileManager.default.contentsOfDirectory(atPath: program.folder)
        #expect(!files.contains("declared") && files.contains("taken-back"), "\(files)")
        let child = try #require(outcome.declaredGroup)
        #expect(CrashProgram.isGone(child), "the group of \(child) lives on")
    }

    /// Its end is over its time: what an orderly one would have done is done all the same.
    @Test func finalizersRunWhenTheTimeIsOver() throws {
        let program = try CrashProgram()
        let running = try program.start(["finalizers", "late", program.folder])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        let outcome = running.end()
        #expect(outcome.status == 70, "\(outcome)")
        #expect(!FileManager.default.fileExists(atPath: program.folder + "/declared"))
        let child = try #require(outcome.declaredGroup)
        #expect(CrashProgram.isGone(child), "the group of \(child) lives on")
    }

    /// A copy of the process is asked to end: its finalizers are not its own.
    @Test func aForkedChildFinalizesNothing() throws {
        let program = try CrashProgram()
        let running = try program.start(["finalizers", "fork", program.folder])
        #expect(running.waits(for: "the child ended with \(SIGQUIT)\n"))
        #expect(running.waits(for: "waiting"))
        #expect(FileManager.default.fileExists(atPath: program.folder + "/declared"))
        kill(running.id, SIGKILL)
        let group = running.end().declaredGroup
        #expect(group != nil && kill(group ?? 0, SIGKILL) == 0, "it was killed")
    }

    @Test func whatWasTakenBackTwiceTakesNothingOfOthers() throws {
        let program = try CrashProgram()
        let path = program.folder + "/declared"
        #expect(try program.run("remove-twice", path).signal == SIGSEGV)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    // MARK: What gets in the way

    /// The main thread is at its last step while another one crashes: that is no orderly end.
    @Test func aCrashWhileTheProgramExits() throws {
        let program = try CrashProgram()
        let outcome = try program.run("crash-at-exit")
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(try program.tell().summary.contains("bad pointer 0x10"))
    }

    /// Nobody reads what it prints.
    @Test func aClosedPipeIsNoOtherEnd() throws {
        let program = try CrashProgram()
        let pipe = Pipe()
        let running = try program.start(["closed-pipe"], standardError: pipe)
        try pipe.fileHandleForReading.close()
        #expect(running.end().signal == SIGSEGV)
    }

    /// It died because it could open no more files: what is to be written down needs some.
    @Test func withoutDescriptors() throws {
        let program = try CrashProgram()
        let outcome = try program.run("no-descriptors")
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        let told = try program.tell()
        #expect(told.text.contains("readBadPointer") && told.text.contains("'roost-quit'"), "\(told)")
    }

    /// A run that was killed could not do it: the next one does.
    @Test func aFileOfAKilledRunGoesWithTheNextStart() throws {
        let program = try CrashProgram()
        let running = try program.start(["finalizers", "wait", program.folder])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGKILL)
        if let child = running.end().declaredGroup { kill(child, SIGKILL) }
        #expect(FileManager.default.fileExists(atPath: program.folder + "/declared"))
        _ = try program.tell()
        #expect(!FileManager.default.fileExists(atPath: program.folder + "/declared"))
        #expect(FileManager.default.fileExists(atPath: program.folder + "/taken-back"))
    }

    // MARK: SIGQUIT

    @Test func quitPrintsThreadsAndEnds() throws {
        let program = try CrashProgram()
        let running = try program.start(["wait"])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGQUIT)
        let outcome = running.end()
        #expect(outcome.signal == SIGQUIT, "\(outcome)")
        #expect(outcome.took < .seconds(7))
        #expect(outcome.errors.contains("asked for its threads by SIGQUIT"), "\(outcome.errors)")
        #expect(outcome.errors.contains("worker 'patient work' of 'patient scope'"), "\(outcome.errors)")
        #expect(program.reports.count == 2 && program.reports.allSatisfy { $0.contains("-quit.") })
        let told = try program.tell()
        #expect(told.ending == "was ended by SIGQUIT", "\(told)")
        // What it wrote itself is not written over.
        let text = try String(contentsOfFile: "\(program.store)/reports/\(program.reports[1])", encoding: .utf8)
        #expect(text.contains("patient work") && program.reports.count == 2)
    }

    /// The disk does not answer, and the report waits for it: the process ends at its limit, and the second signal does not wait for that.
    @Test(arguments: [1, 2]) func aQuitThatHangsIsBounded(_ signals: Int) throws {
        let program = try CrashProgram()
        let running = try program.start(["wait"], environment: ["CRASH_TEST_STUCK": "-quit.txt"])
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGQUIT)
        if signals == 2 {
            // Once the first one hangs.
            #expect(program.waits { program.reports.contains { $0.hasSuffix("-quit.txt.new") } })
            kill(running.id, SIGQUIT)
        }
        let outcome = running.end()
        #expect(outcome.signal == SIGQUIT, "\(outcome)")
        #expect(outcome.took < .seconds(signals == 2 ? 3 : 9), "\(outcome.took)")
        #expect(program.reports.contains { $0.hasSuffix("-quit.txt.new") }, "\(program.reports)")
    }

    // MARK: A full disk

    /// The record, the copy and the report find no room; the page has it, and the next start that finds room writes it.
    @Test func aFullDiskLosesNothing() throws {
        let program = try CrashProgram()
        // As soon as the handlers are there no file may grow any more.
        let outcome = try program.run("full-disk")
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        let runs = try FileManager.default.contentsOfDirectory(atPath: program.store + "/runs")
        #expect(!runs.contains { $0.hasSuffix(".crash") }, "\(runs)")
        // A start on a disk that is still full tells it, and keeps it.
        let full = try program.run("tell-on-a-full-disk")
        #expect(full.output.contains("readBadPointer") && full.output.contains("could not be written"), "\(full)")
        #expect(program.reports.isEmpty)
        // And one with room writes it.
        let third = try program.run("settle")
        #expect(third.status == 0)
        #expect(program.reports.contains { $0.hasSuffix("-crashed.txt") }, "\(program.reports)")
    }

    /// The report cannot be written although the record can: what it is made of stays.
    @Test func aReportWithoutAPlaceIsWrittenLater() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let place = program.store + "/reports"
        try #require(FileManager.default.createFile(atPath: place, contents: nil))
        let told = try program.tell()
        #expect(told.text.contains("could not be written"), "\(told)")
        try FileManager.default.removeItem(atPath: place)
        #expect(try program.run("settle").status == 0)
        #expect(program.reports.contains { $0.hasSuffix("-crashed.txt") }, "\(program.reports)")
    }
}

extension CrashProgram.Outcome {
    /// The process group that the program started, as it said.
    fileprivate var declaredGroup: Int32? {
        output.split(separator: "\n").first { $0.hasPrefix("child ") }?.split(separator: " ").last.flatMap { Int32($0) }
    }
}
