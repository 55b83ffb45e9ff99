import CRoostCrash
import Foundation
import Roost
import RoostApp
import RoostCrashReport
import RoostSymbols
import Testing

@testable import RoostCrash

/// Records, pages and reports as values: no process is started.
struct RunValueTests {
    // MARK: Records

    static let lines: [RunRecord.Line] = [
        .program("a \\ program\nof two lines"), .version("1.0 (7)"), .process(12), .boot("b"),
        .executable(path: "/bin/with a space", buildID: "ab12"), .page("/dev/shm/x"), .standardError("/dev/pts/3"),
        .outOfMemoryKills(4), .began(99), .stageBegan("cache folder", at: 100),
        .stageEnded("cache folder", .done, at: 101), .stageEnded("never began", .skipped, at: 102),
        .stageBegan("decoders", at: 103), .ended(.signal(15)), .ended(.exit(0)), .settled(.stopped),
    ]

    @Test func aRecordComesBackAsItWasWritten() throws {
        let text = RunRecord.format + "\n" + Self.lines.map(\.text).joined()
        let record = try #require(RunRecord(text))
        #expect(record.program == "a \\ program\nof two lines" && record.version == "1.0 (7)" && record.process == 12)
        #expect(record.executable == "/bin/with a space" && record.buildID == "ab12" && record.page == "/dev/shm/x")
        #expect(record.stages.map(\.name) == ["cache folder", "never began", "decoders"])
        #expect(record.stages.map(\.outcome) == [.done, .skipped, nil] && record.openStage?.name == "decoders")
        // The first end that was said is the end.
        #expect(record.ended == .signal(15) && record.settled == .stopped && record.outOfMemoryKills == 4)
    }

    /// The machine may go down in the middle of any line.
    @Test func aTornRecordIsReadUpToItsLastWholeLine() throws {
        let text = RunRecord.format + "\n" + Self.lines.map(\.text).joined()
        let bytes = Array(text.utf8)
        for end in 0..<bytes.count {
            guard let record = RunRecord(String(decoding: bytes[..<end], as: UTF8.self)) else {
                #expect(end <= RunRecord.format.utf8.count)
                continue
            }
            let whole = text.prefix(end).split(separator: "\n", omittingEmptySubsequences: false).count - 2
            var expected = RunRecord()
            for line in Self.lines.prefix(max(0, whole)) { expected.add(line) }
            #expect(record == expected, "cut at \(end)")
        }
    }

    @Test func wordsOfLaterVersionsAreLeftAlone() throws {
        let record = try #require(RunRecord("roost-run-1\nprogram p\nfuture 1 2 3\nprocess x\n\nprocess 7\n"))
        #expect(record.program == "p" && record.process == 7)
        #expect(RunRecord("roost-run-2\nprogram p\n") == nil && RunRecord("") == nil)
    }

    /// A name may hold anything, also what makes one character with what stands beside it.
    @Test func linesEndWhereTheirByteIs() throws {
        let lines: [RunRecord.Line] = [
            .program("\u{301}accent"), .version("2.0\r"), .process(7), .stageBegan("a\r\nb\r", at: 1),
            .stageEnded("a\r\nb\r", .done, at: 2), .stageBegan("\u{301}", at: 3), .cleared, .told, .pieced,
        ]
        let record = try #require(RunRecord("torn\n" + RunRecord.format + "\n" + lines.map(\.text).joined()))
        #expect(record.program.utf8.elementsEqual("\u{301}accent".utf8) && record.process == 7)
        #expect(record.version == "2.0\r" && record.stages.map(\.name) == ["a\r\nb\r", "\u{301}"])
        #expect(record.stages.map(\.outcome) == [.done, nil])
        #expect(record.isCleared && record.isTold && record.isPieced)
        // As earlier versions wrote it.
        #expect(try #require(RunRecord("roost-run-1\nversion 2.0\r\nprocess 7\n")).process == 7)
    }

    @Test func nobodyHoldsTheRecordsOfOthers() throws {
        let folder = try RunFolder()
        for number in (1...10) as ClosedRange<Int64> { try folder.add(number, "ended exit 0\n") }
        // Of these files alone: other tests open theirs meanwhile.
        func open() throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count { number in
                let path = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/\(number)")
                return path?.hasPrefix(folder.store.folders.runs) ?? false
            }
        }
        let runs = folder.store.deadRuns(atMost: 20)
        #expect(runs.count == 10 && runs.first?.id.text.hasPrefix("00000000000010") == true)
        #expect(try open() == 0)
        withExtendedLifetime(runs) {}
        let held = runs.first.flatMap { folder.store.opened($0.id) }
        #expect(try open() == 1)
        withExtendedLifetime(held) {}
    }

    @Test func whoIsToldOfWhat() throws {
        let folder = try RunFolder()
        func last() -> RunsBefore { RunsBefore([folder.store], limit: 20) }
        #expect(last().lastRun == nil)
        try folder.add(1, "")
        try folder.add(2, "")
        try folder.add(3, "ended exit 0\n")
        // The newest that was bad; with it those before it are told.
        #expect(last().last?.id.milliseconds == 2 && last().untold.count == 2 && last().lastRun?.wasTold == false)
        for run in last().untold { folder.store.noteTold(run) }
        #expect(last().last?.id.milliseconds == 3 && last().untold.isEmpty)
        try folder.add(4, "told\u{20}\n")
        #expect(last().last?.id.milliseconds == 4 && last().lastRun?.wasTold == true)
        #expect(last().past.map(\.ending) == [.killed, .killed, .clean, .killed] && last().hasBadOnes)
    }

    /// A start that was killed before its record had a first line.
    @Test func recordsThatNobodyFinishedGo() throws {
        let folder = try RunFolder()
        let now = RunID(began: Int64(time(nil)) * 1_000_000_000, process: 7)
        let old = RunID(began: 5_000_000, process: 7)
        for id in [now, old] {
            try "roost".write(toFile: "\(folder.path)/runs/\(id.unfinished)", atomically: false, encoding: .utf8)
        }
        #expect(folder.store.deadRuns(atMost: 20).isEmpty)
        folder.store.forget(beyond: 20)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path + "/runs") == [now.unfinished])
    }

    @Test func whenARunIsTold() {
        var asks = Telling()
        let asked = [asks.asked(), asks.asked(), asks.lasted(), asks.lasted(), asks.asked()]
        #expect(asked == [false, false, true, false, false])
        var lasts = Telling()
        let lasted = [lasts.lasted(), lasts.lasted(), lasts.asked(), lasts.asked(), lasts.lasted()]
        #expect(lasted == [false, false, true, false, false])
    }

    @Test func aValueIsMadeOnce() {
        let value = MadeOnce<Int>()
        let (calls, results) = (Guarded(0), Guarded<[Int]>([]))
        #expect(value.known == nil)
        DispatchQueue.concurrentPerform(iterations: 4) { _ in
            let found = value.value {
                usleep(20_000)
                return calls.withLock { calls in
                    calls += 1
                    return calls
                }
            }
            results.withLock { $0.append(found) }
        }
        #expect(results.withLock { $0 } == [1, 1, 1, 1] && value.known == 1)
    }

    /// A store of records alone.
    private final class RunFolder {
        let path = NSTemporaryDirectory() + "roost-runs-\(UUID().uuidString)"
        var store: RunStore {
            RunStore(
                folders: StoreFolders(store: path, pages: path + "/pages", spareStore: nil), machine: .now(),
                own: RunID(began: 99_000_000, process: 1))
        }

        init() throws {
            try FileManager.default.createDirectory(atPath: path + "/runs", withIntermediateDirectories: true)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }

        func add(_ milliseconds: Int64, _ lines: String) throws {
            let id = RunID(began: milliseconds * 1_000_000, process: 1)
            try "roost-run-1\nprogram p\n\(lines)".write(
                toFile: "\(path)/runs/\(id.record)", atomically: false, encoding: .utf8)
        }
    }

    @Test func aRelativeFolderBeginsWhereTheProgramIs() throws {
        let folders = try StoreFolders.find(for: "p", folder: "some/store")
        #expect(folders.store == FileManager.default.currentDirectoryPath + "/some/store")
        let other = try StoreFolders.find(for: "p", folder: "/some/store")
        #expect(other.store == "/some/store" && other.spare?.store != folders.spare?.store)
    }

    // MARK: Records that nobody wrote so

    @Test func aNameThatIsNoTime() {
        for name in [
            "99999999999999-1", "9223372036854775807-1", "09223372036855-1", "-0000000000001-1", "00000000000001-x",
        ] {
            #expect(RunID(file: name + ".run", ending: ".run") == nil, "\(name)")
        }
        #expect(RunID(file: "09223372036854-1.run", ending: ".run") != nil)
    }

    /// How it ended stands at the end, and that is read.
    @Test func aVeryLongRecordSaysHowItEnded() throws {
        let folder = try RunFolder()
        let stages = (0..<5_000).map { "stage-began \($0) s\($0)\nstage-ended \($0) done s\($0)\n" }.joined()
        try folder.add(1, stages + "stage-began 1 open\nended exit 0\nsettled clean\n")
        let run = try #require(folder.store.deadRun(RunID(began: 1_000_000, process: 1)))
        #expect(run.record.program == "p" && run.record.ended == .exit(0) && run.record.settled == .clean)
        #expect(run.record.openStage?.name == "open" && run.record.stages.count < 5_000)
    }

    /// It is over for two starts at once, although one of them has its record.
    @Test func aRunThatAnotherStartLooksAt() throws {
        let folder = try RunFolder()
        try folder.add(1, "ended exit 3\n")
        let id = RunID(began: 1_000_000, process: 1)
        let record = "\(folder.path)/runs/\(id.record)"
        let other = try File(record, O_RDWR | O_APPEND)
        try #require(other.lockToRead())
        #expect(folder.store.deadRun(id)?.record.ended == .exit(3))
        #expect(folder.store.opened(id) == nil)
        withExtendedLifetime(other) {}
        // What it settles meanwhile is known from its record, whose page is gone.
        let seen = try #require(folder.store.deadRun(id))
        try other.write("ended signal 9\nsettled crashed\n")
        #expect(folder.store.withPage(seen).run.record.settled == .crashed)
    }

    // MARK: Pages

    /// What a broken process left may hold anything: it is read, or it is not, and nothing else happens.
    @Test func aDamagedPageIsReadOrNot() {
        var generator = SeededBytes(seed: 20_261_122)
        for round in 0..<60 {
            var bytes = [UInt8](repeating: 0, count: Int(ROOST_CRASH_FILE_SIZE))
            for place in 0..<bytes.count where round % 3 != 0 || place % 7 == 0 { bytes[place] = generator.next() }
            for (place, byte) in zip(0..., "roostrun".utf8) { bytes[place] = byte }
            bytes.replaceSubrange(8..<12, with: [1, 0, 0, 0])
            let page = LeftPage(bytes, isSameExecutable: true)
            #expect(page != nil)
            #expect((page?.lines.count ?? 0) <= 32 && (page?.activities.count ?? 0) <= 512)
        }
        #expect(LeftPage([], isSameExecutable: true) == nil)
        #expect(LeftPage([UInt8](repeating: 0, count: Int(ROOST_CRASH_FILE_SIZE)), isSameExecutable: true) == nil)
    }

    struct SeededBytes {
        var state: UInt64
        init(seed: UInt64) { state = seed }
        mutating func next() -> UInt8 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: state >> 33)
        }
    }

    // MARK: What the runs say of the next start

    private func history(_ texts: [String]) -> LaunchHistory {
        LaunchHistory(
            texts.compactMap { text in
                let parts = text.split(separator: "|", omittingEmptySubsequences: false)
                guard let kind = RunEnding.Kind(rawValue: String(parts[0])),
                    let record = RunRecord(
                        "roost-run-1\nversion 1\n" + parts.dropFirst().map { "\($0)\n" }.joined())
                else { return nil }
                return PastRun(record, ending: kind)
            }, version: "1")
    }

    @Test func crashesInARowAreCounted() {
        let crash = "crashed|stage-began 1 a|stage-ended 2 done a|stage-began 3 b"
        #expect(history([crash, crash]) == LaunchHistory(crashedStarts: 2, stageCrashes: ["b": 2]))
        #expect(history([crash, "clean|stage-began 1 a|stage-ended 2 done a|launched 3 normal"]) == LaunchHistory())
        // Somebody quit, the machine went down, or the program was asked to end: that counts neither way.
        for ending in [
            "clean|stage-began 1 b|gave-up 2", "machine-went-down|stage-began 1 b", "stopped|stage-began 1 b",
        ] {
            #expect(history([crash, ending]) == LaunchHistory(crashedStarts: 1, stageCrashes: ["b": 1]), "\(ending)")
        }
        // A crash after the start says nothing about it.
        #expect(history(["crashed|stage-began 1 a|stage-ended 2 done a|launched 3 normal"]) == LaunchHistory())
        #expect(history([crash, "clean|stage-ended 1 skipped b|launched 2 safe"]).crashedStarts == 1)
    }

    // MARK: The store

    @Test func homeAndUserAreScrubbed() {
        let scrubber = Scrubber(home: "/home/anna/", user: "anna")
        #expect(scrubber.scrub("at /home/anna/src/a.swift") == "at ~/src/a.swift")
        #expect(scrubber.scrub("/home/anna") == "~" && scrubber.scrub("/home/annabel/x") == "/home/annabel/x")
        #expect(scrubber.scrub("/media/anna/disk, Susanna, anna's") == "/media/user/disk, Susanna, user's")
        #expect(Scrubber(home: "/", user: "me").scrub("/usr/me") == "/usr/me")
        #expect(Scrubber(home: "", user: "root").scrub("/root of root") == "/root of root")
    }

    /// Names of members are no names of users.
    @Test func aReportIsScrubbedValueByValue() throws {
        let folder = NSTemporaryDirectory() + "roost-store-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for user in ["worker", "process", "crashed", "lines"] {
            let store = CrashStore(
                folder: folder, limits: StoreLimits(), scrubber: Scrubber(home: "/home/\(user)", user: user))
            var report = Self.report("first\n\(user) of /home/\(user)/x")
            report.workers = [
                RunActivity(
                    worker: user, scope: "of \(user)", owner: "", thread: nil, isProcess: false, lastCheckpoint: nil,
                    ranFor: nil)
            ]
            report.lines = ["\t\(user)"]
            let entry = try store.write(report, name: Self.name(1))
            let read = try store.read(entry)
            #expect(read.summary == "first\nuser of ~/x" && read.kind == .crashed, "\(user)")
            #expect(read.workers.map(\.worker) == ["user"] && read.workers.map(\.scope) == ["of user"])
            #expect(read.lines == ["\tuser"])
            #expect(try String(contentsOfFile: entry.textPath, encoding: .utf8) == "first\nuser of ~/x\n")
        }
    }

    @Test func aStoreKeepsToItsLimits() throws {
        let folder = NSTemporaryDirectory() + "roost-store-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = CrashStore(folder: folder, limits: StoreLimits(reports: 3))
        for number in 1...5 { try store.write(Self.report("run \(number)"), name: Self.name(number)) }
        #expect(store.entries.map(\.name) == [5, 4, 3].map(Self.name))
        #expect(try store.read(store.entries[0]).summary == "run 5")
        let small = CrashStore(folder: folder, limits: StoreLimits(bytes: 1))
        try small.write(Self.report("run 6"), name: Self.name(6))
        // The newest stays, whatever its size.
        #expect(small.entries.map(\.name) == [Self.name(6)])
    }

    @Test func anExportIsOneFile() throws {
        let folder = NSTemporaryDirectory() + "roost-store-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let store = CrashStore(folder: folder, limits: StoreLimits())
        for number in 1...2 { try store.write(Self.report("run \(number)"), name: Self.name(number)) }
        try "{".write(toFile: folder + "/\(Self.name(3)).json", atomically: false, encoding: .utf8)
        let path = folder + "/export"
        let counts = try store.export(to: path)
        #expect(counts.reports == 2 && counts.unreadable == 1)
        let read = try JSONDecoder().decode([RunReport].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        #expect(read.map(\.summary) == ["run 2", "run 1"])
    }

    /// What is no report is somebody else's, and a report of this very start stays although the clock was put back.
    @Test func whatAStoreLeavesAlone() throws {
        let folder = NSTemporaryDirectory() + "roost-store-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let others = [".keep", "2024-invoice-1.pdf", "99-1.json", "a.txt", "zzz"]
        for name in others { #expect(FileManager.default.createFile(atPath: "\(folder)/\(name)", contents: nil)) }
        let store = CrashStore(folder: folder, limits: StoreLimits(reports: 2))
        for number in 2...4 { try store.write(Self.report("run \(number)"), name: Self.name(number)) }
        let early = try store.write(Self.report("run 1"), name: Self.name(1))
        #expect(store.entries.map(\.name) == [4, 1].map(Self.name))
        let one = CrashStore(folder: folder, limits: StoreLimits(reports: 1))
        one.prune(within: .seconds(5), sparing: [String(early.name.dropLast("-crashed".count))])
        #expect(store.entries.map(\.name) == [1].map(Self.name))
        let left = try FileManager.default.contentsOfDirectory(atPath: folder)
        #expect(Set(others).isSubset(of: left), "\(left)")
    }

    private static func name(_ number: Int) -> String { "0000000000000\(number)-1-crashed" }

    private static func report(_ summary: String) -> RunReport {
        RunReport(
            program: "p", version: "1", process: 1, began: 0, kind: .crashed, summary: summary, text: summary,
            threads: nil)
    }
}
