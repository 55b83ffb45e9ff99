import CRoostCrash
import Foundation
import Testing

/// A store that cannot be written to, has no room, or holds far too much.
@Suite(.serialized) struct StorePlaceTests {
    /// A shell script as a program of its own: the store is `$1`.
    private static func script(_ text: String, in program: CrashProgram) throws -> String {
        let path = "\(program.folder)/script"
        let lines = "#!/bin/sh\nset -e\nstore=$1\napp='\(CrashProgram.path)'\n\(text)\n"
        try lines.write(toFile: path, atomically: false, encoding: .utf8)
        chmod(path, 0o700)
        return path
    }

    /// Whether a process may have mounts of its own.
    private static let hasMounts: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "-rm", "mount", "-t", "tmpfs", "roost", "/mnt"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    /// Runs the script in mounts of its own.
    private static func mounted(_ text: String, in program: CrashProgram) throws -> CrashProgram.Outcome {
        let inner = try script(text, in: program)
        let outer = "\(program.folder)/mounted"
        try "#!/bin/sh\nexec unshare -rm '\(inner)' \"$@\"\n".write(toFile: outer, atomically: false, encoding: .utf8)
        chmod(outer, 0o700)
        return try program.start([], program: outer).end()
    }

    /// Below a file nobody can make a folder, whoever he is: what is left lies in memory, and the next start finds it there.
    @Test func withoutAPlaceOnTheDisk() throws {
        let program = try CrashProgram()
        let file = program.folder + "/file"
        _ = FileManager.default.createFile(atPath: file, contents: nil)
        let store = file + "/store"
        let outcome = try program.run("crash", "badPointer", "main", store: store)
        #expect(outcome.signal == SIGSEGV, "\(outcome)")
        #expect(outcome.output.contains("problem: cannot make the folder \(file)"), "\(outcome)")
        #expect(outcome.output.contains("in memory, until the session or the machine ends"), "\(outcome)")
        #expect(outcome.errors.contains("crash-test: crashed; the next start says where"), "\(outcome.errors)")
        // On the disk again: what lies in memory is told, and its report is where the others are.
        try FileManager.default.removeItem(atPath: file)
        let told = try program.run("tell", store: store).output
        #expect(told.contains("readBadPointer"), "\(told)")
        let reports = try FileManager.default.contentsOfDirectory(atPath: store + "/reports")
        #expect(reports.contains { $0.hasSuffix("-crashed.json") })
        // And once more from its report, which lies elsewhere than its record.
        let again = try program.run("tell", store: store).output
        #expect(again.contains("readBadPointer"), "\(again)")
        Self.removeSpareStores(outcome.output)
    }

    /// Whoever writes beyond the limit is killed by the system, unless he sees to it.
    @Test func whereNoFileMayGrow() throws {
        let program = try CrashProgram()
        let script = try Self.script(
            """
            ulimit -f 0
            "$app" "$store" exit 7 || echo "left: $?"
            "$app" "$store" crash badPointer main 2>&1 || echo "crashed: $?"
            """, in: program)
        let outcome = try program.start([], program: script).end()
        #expect(outcome.output.contains("File too large"), "\(outcome)")
        #expect(outcome.output.contains("left: 7"), "\(outcome)")
        #expect(outcome.output.contains("crashed: 139"), "\(outcome)")
        // There is nothing that the next start could read.
        #expect(outcome.output.contains("crash-test: crashed\n"), "\(outcome)")
    }

    /// The main queue of libdispatch needs a file of its own, and ends the process that has none.
    @Test func whereNoMoreFilesCanBeOpened() throws {
        let program = try CrashProgram()
        let script = try Self.script(
            """
            ulimit -n 5
            "$app" "$store" exit-after 1 7 || echo "left: $?"
            """, in: program)
        let outcome = try program.start([], program: script).end()
        #expect(outcome.output.contains("left: 7"), "\(outcome)")
        #expect(outcome.output.contains("problem: the main thread is not watched"), "\(outcome)")
    }

    /// Whatever has the name of a file that is to be read: it keeps nobody waiting, and how the run ended is still known.
    @Test func whatIsNoFile() throws {
        let program = try CrashProgram()
        func replace(_ path: String) {
            unlink(path)
            #expect(mkfifo(path, 0o600) == 0)
        }
        let running = try program.start(["crash", "badPointer", "main"])
        let process = running.id
        #expect(running.end().signal == SIGSEGV)
        replace(try program.runFile(".crash"))
        // The page has it, and then the report.
        #expect(try program.tell().ending == "crashed (SIGSEGV)")
        let json = try #require(program.reports.first { $0.hasSuffix("-crashed.json") })
        replace("\(program.store)/reports/\(json)")
        let told = try program.tell()
        #expect(told.ending == "crashed", "\(told)")
        #expect(told.text.contains("its report is gone, or cannot be read"), "\(told)")
        #expect(CrashProgram.pages(of: process).isEmpty)
    }

    /// A time of a damaged page that no clock has ever shown.
    @Test func whatHappenedAtNoTime() throws {
        let program = try CrashProgram()
        let running = try program.start(["crash", "badPointer", "main"])
        let process = running.id
        #expect(running.end().signal == SIGSEGV)
        let place = try #require(MemoryLayout<roost_crash_page>.offset(of: \.first.time_ns))
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: program.pageFile()))
        try file.seek(toOffset: UInt64(place))
        try file.write(contentsOf: withUnsafeBytes(of: Int64.min) { Data($0) })
        try file.close()
        #expect(try program.tell().ending == "crashed (SIGSEGV)")
        #expect(CrashProgram.pages(of: process).isEmpty)
    }

    /// Whatever ends the starts that look up the names, a damaged library or too little memory: it does not end all that follow.
    @Test func namesThatEndWhoeverLooksThemUp() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        // As three starts leave it that did not come to their end.
        let file = try FileHandle(forUpdating: URL(fileURLWithPath: program.runFile()))
        try file.seekToEnd()
        try file.write(contentsOf: Data("naming \nnaming \nnaming \n".utf8))
        try file.close()
        let told = try program.tell()
        #expect(told.ending == "crashed (SIGSEGV)" && !told.text.contains("readBadPointer"), "\(told)")
        #expect(told.text.contains("its names were not looked up: 3 starts that tried"), "\(told)")
        #expect(program.reports.contains { $0.hasSuffix("-crashed.txt") }, "\(program.reports)")
    }

    /// Without its last byte it would be another folder.
    @Test func aFolderWhoseNameIsNoText() throws {
        let program = try CrashProgram()
        let script = try Self.script(
            #"""
            cd "$(dirname "$store")"
            odd=$(printf 'bad\377')
            mkdir "$odd"
            cd "$odd"
            "$app" st exit 7 || echo "left: $?"
            """#, in: program)
        let outcome = try program.start([], program: script).end()
        #expect(outcome.output.contains("problem: cannot use a folder whose name is not UTF-8"), "\(outcome)")
        #expect(outcome.output.contains("left: 7"), "\(outcome)")
    }

    /// A name like a record's that is none: what it is not, nobody looks at for ever.
    @Test func whatIsNoRecord() throws {
        let program = try CrashProgram()
        let runs = program.store + "/runs"
        #expect(try program.run("exit", "0").status == 0)
        for number in 0..<300 { #expect(mkfifo("\(runs)/0\(1_000_000_000_000 + number)-1.run", 0o600) == 0) }
        #expect(try program.run("settle").status == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: runs)
        #expect(names.count < 250, "\(names.count)")
    }

    /// A record and a report that grew beyond all measure: a start reads what those have that are written, and no more.
    @Test func whatIsFarTooLong() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let record = try program.runFile()
        #expect(try program.tell().ending == "crashed (SIGSEGV)")
        let json = try #require(program.reports.first { $0.hasSuffix("-crashed.json") })
        let long = [record, "\(program.store)/reports/\(json)"]
        // What is in there, and then nothing that takes room on a disk.
        for path in long { try #require(truncate(path, 1 << 36) == 0, "\(path)") }
        defer { for path in long { truncate(path, 64 * 1024) } }
        let script = try Self.script("ulimit -v 8388608\n\"$app\" \"$store\" tell", in: program)
        let told = try program.start([], program: script).end()
        #expect(told.status == 0 && told.output.contains("ending: crashed\n"), "\(told)")
        #expect(told.output.contains("its report is gone, or cannot be read"), "\(told)")
    }

    /// No memory for the page, and a disk for its copy.
    @Test(.enabled(if: hasMounts, "this system lets nobody have mounts of his own"))
    func aCopyWithoutAPage() throws {
        let program = try CrashProgram()
        let outcome = try Self.mounted(
            """
            mount -t tmpfs -o size=4k none /dev/shm
            unset XDG_RUNTIME_DIR
            "$app" "$store" crash badPointer main 2>&1 || echo "crashed: $?"
            "$app" "$store" tell
            """, in: program)
        #expect(outcome.output.contains("problem: cannot make /dev/shm"), "\(outcome)")
        #expect(outcome.output.contains("crash-test: crashed; the next start says where"), "\(outcome)")
        #expect(outcome.output.contains("crashed: 139"), "\(outcome)")
        #expect(outcome.output.contains("readBadPointer"), "\(outcome)")
    }

    @Test(.enabled(if: hasMounts, "this system lets nobody have mounts of his own"))
    func aHomeThatIsReadOnly() throws {
        let program = try CrashProgram()
        let outcome = try Self.mounted(
            """
            mkdir -p "$store"
            mount --bind "$store" "$store"
            mount -o remount,bind,ro "$store"
            "$app" "$store" crash badPointer main || echo "crashed: $?"
            "$app" "$store" tell
            """, in: program)
        #expect(outcome.output.contains("Read-only file system"), "\(outcome)")
        #expect(outcome.output.contains("crashed: 139"), "\(outcome)")
        #expect(outcome.output.contains("readBadPointer"), "\(outcome)")
        Self.removeSpareStores(outcome.output)
    }

    /// Neither a disk nor memory: the handlers are there all the same.
    @Test(.enabled(if: hasMounts, "this system lets nobody have mounts of his own"))
    func withoutAnyPlace() throws {
        let program = try CrashProgram()
        let outcome = try Self.mounted(
            """
            unset XDG_RUNTIME_DIR
            mount -t tmpfs -o ro roost /dev/shm
            "$app" /dev/null/store crash badPointer main || echo "crashed: $?"
            "$app" "$store" start cache=badPointer || true
            "$app" "$store" tell
            """, in: program)
        #expect(outcome.output.contains("problem: cannot make the folder /dev/null"), "\(outcome)")
        #expect(outcome.output.contains("crashed: 139"), "\(outcome)")
        #expect(outcome.errors.contains("crash-test: crashed\n"), "\(outcome.errors)")
        // With a disk, and no memory: the pages lie beside the records.
        #expect(outcome.output.contains("\nstage: cache") && outcome.output.contains("readBadPointer"), "\(outcome)")
        #expect(outcome.output.contains("\nfailed starts: 1\n"), "\(outcome)")
    }

    /// There is room for the record's name alone.
    @Test(.enabled(if: hasMounts, "this system lets nobody have mounts of his own"))
    func aDiskThatIsFullAtTheStart() throws {
        let program = try CrashProgram()
        let outcome = try Self.mounted(
            """
            mkdir -p "$store"
            mount -t tmpfs -o size=256k roost "$store"
            mkdir -p "$store/runs"
            cat /dev/zero > "$store/filler" 2>/dev/null || true
            "$app" "$store" crash badPointer main || echo "crashed: $?"
            find "$store/runs" -name '*.run' -size 0 | sed 's/^/empty: /'
            "$app" "$store" tell | sed 's/^/full: /'
            rm "$store/filler"
            "$app" "$store" tell
            ls "$store/reports" | sed 's/^/report: /'
            """, in: program)
        #expect(outcome.output.contains("No space left on device"), "\(outcome)")
        #expect(outcome.output.contains("crashed: 139") && outcome.output.contains("\nempty: "), "\(outcome)")
        #expect(outcome.output.contains("\nfull: ending: crashed (SIGSEGV)"), "\(outcome)")
        #expect(outcome.output.contains("\nending: crashed (SIGSEGV)"), "\(outcome)")
        #expect(outcome.output.contains("about to crash by badPointer"), "\(outcome)")
        #expect(outcome.output.contains("-crashed.json"), "\(outcome)")
    }

    /// In the folder of the pages.
    private static func removeSpareStores(_ output: String) {
        for line in output.split(separator: "\n")
        where line.hasSuffix(" in memory, until the session or the machine ends") {
            let words = line.split(whereSeparator: { $0 == " " || $0 == "," })
            if let path = words.first(where: { $0.contains("/store-") }) {
                try? FileManager.default.removeItem(atPath: String(path))
            }
        }
    }

    // MARK: Too much

    /// A store of ten thousand files of each kind: the start takes what it takes without, and one settling brings it to its limits.
    @Test func aStoreOfTenThousandFiles() throws {
        let program = try CrashProgram()
        func make(_ name: String, _ text: String = "") throws {
            let path = "\(program.store)/\(name)"
            try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        }
        for folder in ["reports", "runs", "timelines"] {
            try FileManager.default.createDirectory(
                atPath: "\(program.store)/\(folder)", withIntermediateDirectories: true)
        }
        for number in 0..<5_000 {
            let run = "0000000000\(1000 + number)-1"
            for ending in ["txt", "json"] { try make("reports/\(run)-crashed.\(ending)") }
            for ending in ["json", "svg"] { try make("timelines/\(run)-start.\(ending)") }
            try make("runs/\(run).run", "roost-run-1\nprogram crash-test\nended exit 0\nsettled clean\n")
        }
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let told = try program.tell()
        #expect(told.text.contains("readBadPointer"))
        // A start takes away what it can within two seconds. The limit of the program is five reports, and twenty runs.
        func count(_ folder: String) throws -> Int {
            try FileManager.default.contentsOfDirectory(atPath: "\(program.store)/\(folder)").count
        }
        for _ in 0..<50 where try program.reports.count > 10 || count("runs") > 21 || count("timelines") > 44 {
            _ = try program.tell()
        }
        #expect(program.reports.count == 10, "\(program.reports)")
        #expect(program.reports.contains { $0.contains("-crashed.txt") && !$0.hasPrefix("0000") })
        #expect(try count("runs") <= 21 && count("timelines") <= 44)
    }

    /// A program that is always over before anything is settled keeps to its limits, too.
    @Test func aToolThatIsOverSoon() throws {
        let program = try CrashProgram()
        let runs = program.store + "/runs"
        try FileManager.default.createDirectory(atPath: runs, withIntermediateDirectories: true)
        for number in 0..<100 {
            try "roost-run-1\nprogram crash-test\nended exit 0\n".write(
                toFile: "\(runs)/00000000001\(100 + number)-1.run", atomically: false, encoding: .utf8)
        }
        for _ in 0..<20 where try FileManager.default.contentsOfDirectory(atPath: runs).count > 41 {
            #expect(try program.run("exit", "0").status == 0)
        }
        #expect(try FileManager.default.contentsOfDirectory(atPath: runs).count <= 41)
    }

    /// The report of a crash is written at once; what can wait is done when the program has run for two seconds.
    @Test func aCrashIsSettledAtOnce() throws {
        let program = try CrashProgram()
        #expect(try program.run("crash", "badPointer", "main").signal == SIGSEGV)
        let record = try #require(
            try FileManager.default.contentsOfDirectory(atPath: program.store + "/runs").first { $0.hasSuffix(".run") })
        let running = try program.start(["serve"])
        #expect(running.waits(for: "serving"))
        #expect(try program.waits(forLine: "told") && program.waits(forLine: "settled"))
        let text = try String(contentsOfFile: "\(program.store)/runs/\(record)", encoding: .utf8)
        kill(running.id, SIGKILL)
        _ = running.end()
        let settled = try #require(text.range(of: "\nsettled crashed"), "\(text)")
        let told = try #require(text.range(of: "\ntold"), "\(text)")
        #expect(settled.lowerBound < told.lowerBound, "\(text)")
    }
}
