import Foundation
import Testing

/// What a start leaves to the next ones: real programs that crash, are killed and run.
@Suite(.serialized) struct StartTests {
    @Test func anOptionalStageThatCrashesTwiceIsSkipped() throws {
        let program = try CrashProgram()
        for _ in 0..<2 { #expect(try program.run("start", "decoders=badPointer").signal == SIGSEGV) }
        let third = try program.run("start", "decoders=badPointer")
        #expect(third.status == 0, "\(third)")
        #expect(
            third.errors.contains("'decoders' was skipped: the last 2 starts that ran it crashed in it"), "\(third)")
        #expect(third.output.contains("the window is there"))
        // One clean start gives it another try, of which one crash is enough.
        #expect(try program.run("start", "decoders=badPointer").signal == SIGSEGV)
        #expect(try program.run("start", "decoders=badPointer").status == 0)
        // And then it is mended.
        let last = try program.run("start")
        #expect(last.status == 0 && !last.errors.contains("skipped"), "\(last)")
    }

    @Test(arguments: ["badPointer", "kill"]) func threeCrashedStartsLeadToSafeMode(_ way: String) throws {
        let program = try CrashProgram()
        for _ in 0..<3 { #expect(try program.run("start", "cache=\(way)").signal != nil) }
        // Nobody is there to answer: safe mode, which leaves out what the program can do without.
        let fourth = try program.run("start")
        #expect(fourth.output.contains("mode: safe"), "\(fourth)")
        // A start in safe mode says nothing about a normal one.
        let told = try program.tell()
        #expect(told.values("failed starts") == ["3"], "\(told)")
    }

    @Test func nobodyIsLeftInSafeModeForEver() throws {
        let program = try CrashProgram()
        for _ in 0..<3 { #expect(try program.run("start", "cache=kill").signal == SIGKILL) }
        #expect(try program.run("start").output.contains("mode: safe"))
        // That went well: one more try, and one crash is enough to fall back.
        let fifth = try program.run("start", "cache=kill")
        #expect(fifth.signal == SIGKILL && fifth.errors.contains("it starts normally"), "\(fifth)")
        #expect(try program.run("start").output.contains("mode: safe"))
        #expect(try program.tell().values("failed starts") == ["4"])
        // And then the cause is gone.
        let seventh = try program.run("start")
        #expect(seventh.output.contains("mode: normal") && seventh.errors.contains("it starts normally"), "\(seventh)")
        let last = try program.run("start")
        #expect(last.output.contains("mode: normal") && !last.errors.contains("nobody to ask"), "\(last)")
    }

    @Test func aCleanStartResetsIt() throws {
        let program = try CrashProgram()
        for _ in 0..<2 { #expect(try program.run("start", "cache=badPointer").signal == SIGSEGV) }
        #expect(try program.run("start").output.contains("mode: normal"))
        for _ in 0..<2 { #expect(try program.run("start", "cache=badPointer").signal == SIGSEGV) }
        let told = try program.tell()
        #expect(told.values("failed starts") == ["2"] && told.values("crashes") == ["cache 2"], "\(told)")
        #expect(try program.run("start").output.contains("mode: normal"))
    }

    @Test func theNextStartKnowsTheStage() throws {
        let program = try CrashProgram()
        #expect(try program.run("start", "decoders=abort").signal == SIGABRT)
        let told = try program.tell()
        #expect(told.stage == "decoders", "\(told)")
        #expect(told.values("crashed worker").first?.contains("'decoders'") == true, "\(told)")
        #expect(told.values("launched") == ["false"])
    }

    /// Another program's crashes, and those of another version, are none of its own.
    @Test func anotherVersionBeginsAnew() throws {
        let program = try CrashProgram()
        for _ in 0..<3 { #expect(try program.run("start", "cache=badPointer").signal == SIGSEGV) }
        let runs = program.store + "/runs"
        for name in try FileManager.default.contentsOfDirectory(atPath: runs) where name.hasSuffix(".run") {
            let text = try String(contentsOfFile: "\(runs)/\(name)", encoding: .utf8)
            try text.replacingOccurrences(of: "version 1.2", with: "version 1.1").write(
                toFile: "\(runs)/\(name)", atomically: false, encoding: .utf8)
        }
        #expect(try program.run("start").output.contains("mode: normal"))
    }

    // MARK: Ends that the next start knows

    @Test func aRunThatASignalEnded() throws {
        let program = try CrashProgram()
        let running = try program.start(["serve"])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        #expect(running.end().signal == SIGTERM)
        #expect(CrashProgram.pages(of: running.id).isEmpty)
        #expect(try program.tell().ending == "was stopped by SIGTERM")
    }

    @Test func aRunThatWasNotDoneInTime() throws {
        let program = try CrashProgram()
        let running = try program.start(["serve", "stubborn"])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        let outcome = running.end()
        #expect(outcome.status == 70, "\(outcome)")
        let told = try program.tell()
        #expect(told.ending == "was not done when its time to end was over", "\(told)")
        #expect(told.text.contains("asked to end: SIGTERM") && told.text.contains("late: "), "\(told)")
        #expect(told.values("worker").first?.contains("stubborn work") == true, "\(told)")
    }

    @Test func aRunThatWasKilledWhileItEnded() throws {
        let program = try CrashProgram()
        let running = try program.start(["serve", "stubborn"])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        #expect(running.waits(for: "ending"))
        kill(running.id, SIGKILL)
        #expect(running.end().signal == SIGKILL)
        #expect(try program.tell().ending == "was killed while it was ending")
    }

    @Test func timelinesOfStartAndEndAreKept() throws {
        let program = try CrashProgram()
        #expect(try program.run("start").status == 0)
        let told = try program.tell()
        #expect(told.values("start timeline").first?.contains("cache, decoders, window") == true, "\(told)")
        #expect(told.values("end timeline").first != nil, "\(told)")
        let folder = program.store + "/timelines"
        let pictures = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix("-start.svg") }
        #expect(pictures.count == 1)
    }

    /// A home that does not answer, on a network for instance: here a rename that never returns, where a timeline is to be written.
    @Test func aStoreThatDoesNotAnswerKeepsNobodyFromTheEnd() throws {
        let program = try CrashProgram()
        let running = try program.start(["serve"], environment: ["CRASH_TEST_STUCK": "-end.json"])
        #expect(running.waits(for: "serving"))
        kill(running.id, SIGTERM)
        let outcome = running.end()
        #expect(outcome.signal == SIGTERM, "\(outcome)")
        let timelines = try FileManager.default.contentsOfDirectory(atPath: program.store + "/timelines")
        #expect(timelines.contains { $0.hasSuffix("-end.json.new") }, "\(timelines)")
    }

    // MARK: The main thread

    @Test func aHangIsInTheStoreWhileItLasts() throws {
        let program = try CrashProgram()
        let running = try program.start(["hang"])
        #expect(running.waits(for: "hung"))
        kill(running.id, SIGKILL)
        _ = running.end()
        let name = try #require(program.reports.first { $0.contains("-hung-1.txt") })
        let text = try String(contentsOfFile: "\(program.store)/reports/\(name)", encoding: .utf8)
        #expect(text.contains("busyOnTheMainThread"), "\(text)")
        #expect(try program.tell().text.contains("the main thread has hung for"))
    }
}
