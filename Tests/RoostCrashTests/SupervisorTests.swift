import Foundation
import Testing

/// A program that is the child of its own parent: the parent ends as it ends, and knows what it could not say itself.
@Suite(.serialized) struct SupervisorTests {
    // MARK: The true end

    @Test(arguments: [0, 3]) func itsStatusIsTheParents(_ status: Int32) throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("exit", "\(status)").end()
        #expect(outcome.status == status, "\(outcome)")
        #expect(program.reports.isEmpty)
        #expect(try program.tell().ending == (status == 0 ? "ended well" : "ended with status 3"))
    }

    @Test func itsCrashIsTheParentsEnd() throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("crash", "badPointer", "main", "decoder check").end()
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        // The report is there before anybody starts the program again, with its names.
        let text = try #require(program.reportTexts.first)
        #expect(text.contains("readBadPointer"), "\(text)")
        #expect(text.contains("during 'decoder check' of its start"), "\(text)")
        let told = try program.tell()
        #expect(told.ending == "crashed (SIGSEGV)", "\(told)")
        #expect(told.text.contains("readBadPointer"), "\(told)")
        #expect(told.stage == "decoder check")
        #expect(told.values("crashes") == ["decoder check 1"])
        #expect(program.reports.count == 2, "it was written twice: \(program.reports)")
    }

    @Test func anEndByAnotherSignal() throws {
        let program = try CrashProgram()
        let running = try program.supervised("wait", "cache folder")
        #expect(running.waits(for: "waiting"))
        kill(try running.child(), SIGXCPU)
        #expect(running.end().signal == SIGXCPU)
        let told = try program.tell()
        #expect(told.summary.contains("was killed (SIGXCPU)"), "\(told)")
        #expect(told.stage == "cache folder")
    }

    @Test func anExitWithoutAWord() throws {
        let program = try CrashProgram()
        #expect(try program.supervised("leave", "5").end().status == 5)
        #expect(program.reportTexts.first?.contains("left with status 5, without a word") == true)
        #expect(try program.tell().summary.contains("left with status 5, without a word"))
    }

    @Test func anEndPastItsBudget() throws {
        let program = try CrashProgram()
        #expect(try program.supervised("late").end().status == 70)
        #expect(program.reports.allSatisfy { $0.contains("-past-budget.") } && program.reports.count == 2)
        #expect(try program.tell().ending == "was not done when its time to end was over")
    }

    // MARK: The message

    @Test(arguments: ["main", "pool"]) func theMessageIsInTheReportAndAtTheNextStart(_ place: String) throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("crash", "fatal", place).end()
        #expect(outcome.signal == SIGILL, "\(outcome)")
        #expect(outcome.errors.contains("Fatal error: the roof is gone"), "it was not passed on: \(outcome.errors)")
        let text = try #require(program.reportTexts.first)
        // A release build has it as a specialized one.
        func isWhole(_ text: String) -> Bool {
            text.contains("Fatal error: the roof is gone, in ") && text.contains("static Crashing.stopWithText() at ")
        }
        #expect(isWhole(text), "\(text)")
        let told = try program.tell()
        #expect(isWhole(told.summary), "\(told)")
        let worker = told.values("crashed worker").first
        #expect((worker?.hasPrefix("'risky work' of 'risky scope'") ?? false) == (place == "pool"), "\(told)")
    }

    /// Before it had said to anybody that it is there.
    @Test func aCrashBeforeTheCapture() throws {
        let program = try CrashProgram()
        #expect(try program.supervised("crash-before").end().signal == SIGILL)
        #expect(program.reportTexts.first?.contains("the roof is gone") == true)
        let told = try program.tell()
        #expect(told.summary.contains("Fatal error: the roof is gone"), "\(told)")
        #expect(told.values("failed starts") == ["1"])
    }

    @Test func aKilledRunHasWhatItPrinted() throws {
        let program = try CrashProgram()
        #expect(try program.supervised("print", "the", "last", "words").end().signal == SIGKILL)
        let told = try program.tell()
        #expect(told.ending == "ended without a word")
        #expect(told.summary.contains("was killed (SIGKILL)"), "\(told)")
        #expect(told.text.contains("    the last words"), "\(told)")
    }

    // MARK: Standard error

    static func pattern(_ size: Int) -> [UInt8] {
        (0..<size).map { (place: Int) -> UInt8 in
            let turn = place * 31 + place / 90
            return UInt8(33 + turn % 90)
        }
    }

    @Test func aMegabyteGoesThroughByteForByte() throws {
        let program = try CrashProgram()
        let running = try program.supervised("errors", "1000000")
        let outcome = running.end()
        #expect(outcome.status == 0)
        let bytes = try Data(contentsOf: running.errors)
        #expect(bytes.elementsEqual(Self.pattern(1_000_000)), "\(bytes.count) bytes, or others")
    }

    /// A pipe has 64 KB: whoever reads slowly gets all of it all the same.
    @Test func whoReadsLateGetsAll() throws {
        let program = try CrashProgram()
        let pipe = Pipe()
        let running = try program.supervised("errors", "300000", standardError: pipe)
        // More than the pipe has, less than the parent keeps: the program is done before anybody reads.
        #expect(running.waits(for: "printed 300000"))
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        #expect(bytes.elementsEqual(Self.pattern(300_000)), "\(bytes.count) bytes, or others")
        #expect(running.end().status == 0)
    }

    @Test func whoReadsNothingHoldsNobodyUp() throws {
        let program = try CrashProgram()
        let pipe = Pipe()
        let running = try program.supervised("errors", "3000000", "stay", standardError: pipe)
        #expect(running.waits(for: "printed 3000000"), "the program was held up")
        var text = ""
        while !text.contains("nobody took them]") {
            let data = pipe.fileHandleForReading.availableData
            if data.isEmpty { break }
            text += String(decoding: data, as: UTF8.self)
        }
        #expect(text.utf8.starts(with: Self.pattern(300_000)))
        let dropped = text.split(separator: "[").last.flatMap { Int($0.prefix { $0.isNumber }) } ?? 0
        let kept = text.utf8.count - (text.split(separator: "\n").last?.utf8.count ?? 0) - 2
        #expect(dropped + kept == 3_000_000, "\(dropped) were left out, \(kept) came through")
        kill(running.id, SIGTERM)
        #expect(running.end().signal == SIGTERM)
    }

    @Test func aGrandchildThatHoldsStandardErrorDelaysNothing() throws {
        let program = try CrashProgram()
        let running = try program.supervised("leave-a-child")
        let outcome = running.end()
        #expect(outcome.status == 3, "\(outcome)")
        #expect(outcome.took < .seconds(5), "\(outcome.took)")
        let child = try #require(Int32(outcome.output.split(separator: "\n").first?.split(separator: " ").last ?? ""))
        #expect(kill(child, 0) == 0, "it is none of the parent's business")
        kill(child, SIGKILL)
    }

    // MARK: Signals

    @Test func aSignalForTheParentReachesTheChildOnce() throws {
        let program = try CrashProgram()
        let running = try program.supervised("count-signals")
        #expect(running.waits(for: "ready"))
        for number in [SIGTERM, SIGHUP, SIGUSR1, SIGWINCH] {
            kill(running.id, number)
            #expect(running.waits(for: "got \(number)\n"))
        }
        kill(running.id, SIGUSR2)
        let outcome = running.end()
        #expect(outcome.status == 0)
        let got = outcome.output.split(separator: "\n").filter { $0.hasPrefix("got ") }
        #expect(got == ["got 15", "got 1", "got 10", "got 28", "got 12"], "\(outcome)")
    }

    /// Whoever ends the whole group (a service manager does) reaches the program twice, and has asked once.
    @Test(arguments: [SIGINT, SIGQUIT]) func aSignalForTheWholeGroupCountsOnce(_ number: Int32) throws {
        let program = try CrashProgram()
        let running =
            try number == SIGINT
            ? program.supervised("slow-to-end", program.folder + "/go on") : program.supervised("wait")
        #expect(running.waits(for: number == SIGINT ? "serving" : "waiting"))
        if number == SIGINT {
            // One after the other: two that come together are one to the kernel.
            kill(try running.child(), number)
            #expect(running.waits(for: "stopping"))
            kill(running.id, number)
            // Behind it, by the same way.
            kill(running.id, SIGWINCH)
            #expect(running.waits(for: "the window has changed"))
            _ = FileManager.default.createFile(atPath: program.folder + "/go on", contents: nil)
        } else {
            try #require(getpgid(running.id) == running.id)
            kill(-running.id, number)
        }
        let outcome = running.end()
        #expect(outcome.signal == number, "\(outcome)")
        if number == SIGINT {
            #expect(outcome.output.contains("ended in order"), "\(outcome)")
        } else {
            #expect(outcome.errors.contains("worker 'patient work' of 'patient scope'"), "\(outcome.errors)")
        }
    }

    @Test func anOrderlyEndBySignal() throws {
        let program = try CrashProgram()
        let running = try program.supervised("count-signals")
        #expect(running.waits(for: "ready"))
        let child = try running.child()
        kill(running.id, SIGINT)
        #expect(running.waits(for: "got 2\n"))
        kill(child, SIGTERM)
        #expect(running.end().signal == SIGINT)
    }

    @Test func askedForItsThreadsThroughItsParent() throws {
        let program = try CrashProgram()
        let running = try program.supervised("wait")
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGQUIT)
        let outcome = running.end()
        #expect(outcome.signal == SIGQUIT, "\(outcome)")
        #expect(outcome.errors.contains("worker 'patient work' of 'patient scope'"), "\(outcome.errors)")
        // The program has written its report itself, and its parent none beside it.
        #expect(program.reports.count == 2 && program.reports.allSatisfy { $0.contains("-quit.") })
        #expect(try program.tell().ending == "was ended by SIGQUIT")
    }

    /// Who kills it has asked for an orderly end, and what the program prints then ends it no earlier.
    @Test func theParentIsKilled() throws {
        let program = try CrashProgram()
        let running = try program.supervised("count-signals")
        #expect(running.waits(for: "ready"))
        let child = try running.child()
        kill(running.id, SIGKILL)
        #expect(running.waits(for: "got 15\n"), "it was not asked to end")
        kill(child, SIGUSR2)
        #expect(CrashProgram.isGone(child))
        #expect(running.end().signal == SIGKILL)
        #expect(try program.tell().ending == "ended well")
    }

    /// Somebody asks for the end of a program that was killed a moment ago, before its parent knows.
    @Test func whoIsAskedWhenTheProgramIsDeadStartsNoOther() throws {
        let program = try CrashProgram()
        let running = try program.supervised("wait", restart: "3")
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGSTOP)
        kill(try running.child(), SIGKILL)
        kill(running.id, SIGTERM)
        kill(running.id, SIGCONT)
        let outcome = running.end()
        #expect(outcome.signal == SIGKILL && outcome.took < .seconds(20), "\(outcome)")
        #expect(outcome.output.components(separatedBy: "waiting").count == 2, "\(outcome.output)")
    }

    // MARK: What a dead process cannot do

    @Test func finalizersRunAfterSIGKILL() throws {
        let program = try CrashProgram()
        let running = try program.supervised("finalizers", "wait", program.folder)
        #expect(running.waits(for: "waiting"))
        kill(try running.child(), SIGKILL)
        let outcome = running.end()
        #expect(outcome.signal == SIGKILL)
        let files = try FileManager.default.contentsOfDirectory(atPath: program.folder)
        #expect(!files.contains("declared") && files.contains("taken-back"), "\(files)")
        let words = outcome.output.split(separator: "\n").first { $0.hasPrefix("child ") }?.split(separator: " ")
        let group = try #require(words?.last.flatMap { Int32($0) })
        #expect(CrashProgram.isGone(group), "the group of \(group) lives on")
    }

    @Test(.enabled(if: MemoryGroup.isPossible, "no control group with a limit of memory can be made here"))
    func theKernelKilledItForWantOfMemory() throws {
        let program = try CrashProgram()
        let group = try MemoryGroup(megabytes: 96)
        let running = try program.start(
            ["-c", "echo $$ > \(group.folder)/cgroup.procs && exec \"$0\" \"$@\"", CrashProgram.path, program.store]
                + ["eat", "400"], environment: ["CRASH_TEST_SUPERVISED": "never"], store: "-e", program: "/bin/sh")
        let outcome = running.end()
        #expect(outcome.signal == SIGKILL, "\(outcome)")
        #expect(try program.tell().ending == "was killed, probably for want of memory")
    }

    // MARK: Restarts

    @Test func theChildAloneKnowsThatItHasAParent() throws {
        let program = try CrashProgram()
        func descriptors(_ outcome: CrashProgram.Outcome) throws -> Set<Substring> {
            let line = try #require(outcome.output.split(separator: "\n").last { $0.hasPrefix("descriptors: [") })
            return Set(line.dropFirst("descriptors: [".count).dropLast().split(separator: ", "))
        }
        let alone = try descriptors(program.run("how-started"))
        let outcome = try program.supervised("how-started").end()
        #expect(outcome.output.contains("start: first\nin the environment: false\n"), "\(outcome)")
        // It passes on to others what it passes on without a parent: of each process that it starts Foundation hears by a socket, whose number
        // is another one each time.
        #expect(try descriptors(outcome).count == alone.count, "\(outcome) \(alone)")
    }

    @Test func itIsStartedAgainAsOftenAsThePolicySays() throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("restarts", restart: "2").end()
        #expect(outcome.signal == SIGKILL, "\(outcome)")
        let starts = outcome.output.split(separator: "\n").filter { $0.hasPrefix("start: ") }
        #expect(starts == ["start: first", "start: restarted(times: 1)", "start: restarted(times: 2)"])
        // Each was told of the one before.
        let told = outcome.output.split(separator: "\n").filter { $0.hasPrefix("before: ") }
        #expect(told.count == 2 && told.allSatisfy { $0.contains("was killed (SIGKILL)") }, "\(outcome)")
        #expect(program.reportTexts.count == 3)
    }

    @Test func aGoodStartEndsTheRow() throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("restarts", "1", restart: "5").end()
        #expect(outcome.status == 4, "\(outcome)")
    }

    @Test func theUserIsAskedByTheProgramItself() throws {
        let program = try CrashProgram()
        let outcome = try program.supervised("restarts", "1", restart: "ask").end()
        #expect(outcome.status == 5, "\(outcome)")
        #expect(outcome.output.contains("start: toAsk(times: 1)"), "\(outcome)")
    }

    @Test func whoWasAskedToEndIsNotStartedAgain() throws {
        let program = try CrashProgram()
        let running = try program.supervised("wait", restart: "5")
        #expect(running.waits(for: "waiting"))
        kill(running.id, SIGTERM)
        #expect(running.end().signal == SIGTERM)
        let other = try program.supervised("exit", "3", restart: "5").end()
        #expect(other.status == 3)
    }
}

/// A control group in which there is little memory; gone with the test.
final class MemoryGroup {
    let folder: String

    private static let trees = [
        (folder: "/sys/fs/cgroup/memory", limit: "memory.limit_in_bytes"),
        (folder: "/sys/fs/cgroup", limit: "memory.max"),
    ]

    static let isPossible = (try? MemoryGroup(megabytes: 64)) != nil

    init(megabytes: Int) throws {
        for tree in Self.trees {
            let folder = "\(tree.folder)/roost-test-\(getpid())-\(UInt32.random(in: 0 ... .max))"
            guard mkdir(folder, 0o700) == 0 else { continue }
            let file = open("\(folder)/\(tree.limit)", O_WRONLY)
            let text = "\(megabytes << 20)"
            let written = file >= 0 ? write(file, text, text.utf8.count) : -1
            if file >= 0 { close(file) }
            if written > 0 {
                self.folder = folder
                return
            }
            rmdir(folder)
        }
        throw CocoaError(.fileWriteNoPermission)
    }

    deinit {
        // The last of its members may be going.
        for _ in 0..<2_000 where rmdir(folder) != 0 { usleep(1_000) }
    }
}
