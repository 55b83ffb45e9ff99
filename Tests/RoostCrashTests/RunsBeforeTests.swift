import Foundation
import RoostSymbols
import Testing

@testable import RoostCrash

/// Which run is told to whom, and what is believed of it.
@Suite(.serialized) struct RunsBeforeTests {
    // MARK: Other files by the same names

    /// The program that crashed, in a place where it can be replaced.
    private func crashed(_ program: CrashProgram, _ way: String, environment: [String: String] = [:]) throws -> String {
        let path = program.folder + "/app"
        try FileManager.default.copyItem(atPath: CrashProgram.path, toPath: path)
        let outcome = try program.start(["crash", way, "main"], environment: environment, program: path).end()
        #expect(outcome.signal != nil, "\(outcome)")
        return path
    }

    /// As an installer does it: the name is another file's from one moment to the next.
    private func replace(_ path: String, by bytes: Data) throws {
        try bytes.write(to: URL(fileURLWithPath: path + ".new"))
        chmod(path + ".new", 0o700)
        #expect(rename(path + ".new", path) == 0)
    }

    /// The same program as another build of it, to those who ask for its build.
    private func otherBuild() throws -> Data {
        var bytes = try Data(contentsOf: URL(fileURLWithPath: CrashProgram.path))
        let build = try #require(BuildID(file: CrashProgram.path)).rawValue
        let digits = Array(build.utf8)
        let id = stride(from: 0, to: digits.count, by: 2).compactMap {
            UInt8(String(decoding: digits[$0...$0 + 1], as: UTF8.self), radix: 16)
        }
        let place = try #require(bytes.range(of: Data(id)))
        bytes[place.lowerBound] ^= 0xFF
        return bytes
    }

    @Test func theSameBuildIsNamed() throws {
        let program = try CrashProgram()
        let path = try crashed(program, "badPointer")
        let told = try program.start(["tell"], program: path).end().output
        #expect(told.contains("readBadPointer") && !told.contains("no names"), "\(told)")
    }

    @Test func anotherBuildOfTheProgramNamesNothing() throws {
        let program = try CrashProgram()
        let path = try crashed(program, "badPointer")
        try replace(path, by: try otherBuild())
        let told = try program.start(["tell"], program: path).end().output
        #expect(told.contains("ending: crashed (SIGSEGV)"), "\(told)")
        #expect(!told.contains("readBadPointer") && !told.contains("Crash.swift:"), "\(told)")
        #expect(told.contains("no names for what is in app: the file has another build now"), "\(told)")
    }

    @Test func anotherProgramNamesNothing() throws {
        let program = try CrashProgram()
        let path = try crashed(program, "badPointer")
        let other = URL(fileURLWithPath: CrashProgram.path).deletingLastPathComponent()
            .appendingPathComponent("census-test-app")
        try replace(path, by: try Data(contentsOf: other))
        let told = try program.tell().text
        #expect(told.contains("no names for what is in app: the file has another build now"), "\(told)")
        #expect(!told.contains("readBadPointer") && !told.contains(" in app at "), "\(told)")
    }

    /// Of a library nobody has written down the build.
    @Test(arguments: [false, true]) func aLibraryThatWasChangedNamesNothing(_ isChanged: Bool) throws {
        let program = try CrashProgram()
        let libc = try #require(ProcessDoor.images().first { $0.name.hasPrefix("libc.so") }).path
        let copy = program.folder + "/libc.so.6"
        try FileManager.default.copyItem(atPath: libc, toPath: copy)
        _ = try crashed(program, "abort", environment: ["LD_LIBRARY_PATH": program.folder])
        // The file is the same; that cannot be known.
        if isChanged { chmod(copy, 0o500) }
        let told = try program.tell().text
        #expect(told.contains("native_abort"), "\(told)")
        #expect(told.contains("no names for what is in libc.so.6: the file was changed since") == isChanged, "\(told)")
    }

    // MARK: Files that were declared

    /// The file is the next run's own by then.
    @Test func whatARunDeclaredIsRemovedOnce() throws {
        let program = try CrashProgram()
        let declared = program.folder + "/declared"
        func start() throws -> CrashProgram.Running {
            let running = try program.start(["finalizers", "wait", program.folder])
            #expect(running.waits(for: "waiting"))
            return running
        }
        let first = try start()
        kill(first.id, SIGKILL)
        end(first)
        let second = try start()
        #expect(try program.waits(forLine: "settled killed"))
        #expect(FileManager.default.fileExists(atPath: declared))
        // A third start does not take the second run, which has looked at its own declarations, for one that is over.
        let third = try program.tell()
        #expect(!third.text.contains("process \(second.id)"), "\(third)")
        #expect(FileManager.default.fileExists(atPath: declared))
        kill(second.id, SIGKILL)
        end(second)
        // Once more, and this time nobody else wants it.
        _ = try program.tell()
        #expect(!FileManager.default.fileExists(atPath: declared))
    }

    @Test func whatARunThatLivesHasDeclaredStays() throws {
        let program = try CrashProgram()
        let declared = program.folder + "/declared"
        let (first, second) = (
            try program.start(["finalizers", "wait", program.folder]),
            try program.start(["finalizers", "wait", program.folder])
        )
        #expect(first.waits(for: "waiting") && second.waits(for: "waiting"))
        kill(first.id, SIGKILL)
        end(first)
        #expect(try program.tell().ending == "ended without a word")
        #expect(FileManager.default.fileExists(atPath: declared))
        kill(second.id, SIGKILL)
        end(second)
    }

    /// And the child that it has left.
    private func end(_ running: CrashProgram.Running) {
        let words = running.end().output.split(separator: "\n").first { $0.hasPrefix("child ") }
        if let child = words?.split(separator: " ").last.flatMap({ Int32($0) }) { kill(child, SIGKILL) }
    }

    // MARK: Who is told

    /// Nor do so many that records are taken away: the limit is twenty, and twice as many are too much.
    @Test(arguments: [1, 45]) func aStartThatIsOverSoonHidesNoCrash(_ starts: Int) throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        for _ in 0..<starts { #expect(try program.run("exit", "0").output.contains("recovered from: crashed")) }
        let told = try program.tell()
        #expect(told.ending == "crashed (SIGSEGV)" && told.values("told before") == ["false"], "\(told)")
        // One that launches was told.
        #expect(try program.run("start").output.contains("recovered from: crashed"))
        #expect(try program.tell().ending == "ended well")
    }

    @Test func aStartBesideOneThatWasToldIsNotToldAgain() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let running = try program.start(["wait"])
        #expect(running.waits(for: "waiting"))
        // Nobody sees a record that somebody looks at.
        #expect(try program.waits(forLine: "settled crashed"))
        let beside = try program.tell()
        #expect(!beside.text.contains("recovered from"), "\(beside)")
        #expect(beside.ending == "crashed (SIGSEGV)" && beside.values("told before") == ["true"], "\(beside)")
        kill(running.id, SIGKILL)
        _ = running.end()
        #expect(try program.tell().text.contains("recovered from: killed"))
    }

    @Test func whoeverSettlesGetsTheNames() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let outcome = try program.run("settle-at-once")
        let named = outcome.output.split(separator: "\n").filter { $0.hasPrefix("named: ") }
        #expect(named == ["named: true", "named: true", "named: true"], "\(outcome)")
    }

    // MARK: Records

    @Test func aLineThatWasCutTakesNoneAlong() throws {
        let program = try CrashProgram()
        #expect(try program.run("cut-a-line").signal == SIGKILL)
        let told = try program.tell()
        #expect(told.stage == "whole", "\(told)")
    }

    /// A record that says something else names no file of others that would go with it.
    @Test func aRecordRemovesNoFileButItsPage() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let other = program.folder + "/precious"
        #expect(FileManager.default.createFile(atPath: other, contents: nil))
        let path = try program.runFile()
        let record = try String(contentsOfFile: path, encoding: .utf8)
        try record.replacingOccurrences(of: "\npage ", with: "\npage \(other)\nwas ").write(
            toFile: path, atomically: false, encoding: .utf8)
        #expect(try program.run("settle").status == 0)
        #expect(FileManager.default.fileExists(atPath: other))
    }

    /// What a later run adds is no part of a line that has no end.
    @Test func whatIsAddedLaterStandsOnItsOwn() throws {
        let lines = RunRecord.format + "\nprogram p\nprocess 7\nstage-began 17 ca"
        let record = try #require(RunRecord(lines + RunRecord.Line.told.textOnItsOwn))
        #expect(record.isTold && record.openStage?.name != "catold")
    }

    /// By its name nobody finds a record that is not locked yet.
    @Test func aRecordIsThereAsAWhole() throws {
        let program = try CrashProgram()
        let folder = program.store + "/runs"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let watch = inotify_init1(Int32(IN_CLOEXEC))
        defer { close(watch) }
        #expect(inotify_add_watch(watch, folder, UInt32(IN_CREATE | IN_MOVED_TO)) >= 0)
        #expect(try program.run("exit", "0").status == 0)
        var buffer = [UInt8](repeating: 0, count: 64 * 1024)
        let count = read(watch, &buffer, buffer.count)
        var events: [String] = []
        var place = 0
        while place + 16 <= count {
            let (mask, length) = buffer.withUnsafeBytes {
                (
                    $0.loadUnaligned(fromByteOffset: place + 4, as: UInt32.self),
                    Int($0.loadUnaligned(fromByteOffset: place + 12, as: UInt32.self))
                )
            }
            let name = String(decoding: buffer[(place + 16)..<(place + 16 + length)].prefix { $0 != 0 }, as: UTF8.self)
            events.append("\(mask & UInt32(IN_CREATE) != 0 ? "made" : "named") \(name.drop { $0 != "." })")
            place += 16 + length
        }
        #expect(events == ["made .run.new", "named .run"])
    }
}
