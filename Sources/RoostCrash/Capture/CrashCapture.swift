import CRoostCrash
import CRoostPlatform
import CRoostStacks
import Glibc
import RoostCrashReport
import RoostSymbols

/// What a crash of this process leaves behind, and what the one before left.
///
/// From ``install(_:configuration:)`` on a fatal signal on any thread is written down before the process dies of it: first which, where
/// and in which thread, then the stacks of all threads, what every worker was doing and which stage of the start was open. The handlers that were
/// there before, the Swift runtime's backtracer above all, are called afterwards, and the process ends as it would have ended
/// without Roost. Nothing is installed by an import.
///
/// The next run reads it: ``lastRun``. A run that was killed without a word, or with the machine, is known by what it did not say.
///
/// Not to be had: a stack overflow on a thread that has no alternate stack for signals. The main thread and Roost's own have one; for others
/// see ``protectThread()``.
public final class CrashCapture: Sendable {
    /// How a program wants to be captured.
    public struct Configuration: Sendable {
        /// The program's version: runs of another one say nothing about this one's start.
        public var version: String
        /// The folder of the store; nil for `$XDG_STATE_HOME/PROGRAM/roost`, by default `~/.local/state/PROGRAM/roost`. A relative path begins where
        /// the program is when the capture is installed.
        public var folder: String?
        /// How much the store keeps.
        public var limits: StoreLimits
        /// Whether SIGQUIT prints all threads and ends the process by that signal: after five seconds at the latest, with a second one at once.
        public var handlesQuit: Bool

        /// Creates a configuration.
        public init(
            version: String = "", folder: String? = nil, limits: StoreLimits = StoreLimits(), handlesQuit: Bool = true
        ) {
            self.version = version
            self.folder = folder
            self.limits = limits
            self.handlesQuit = handlesQuit
        }
    }

    /// The program's name.
    public let program: String
    /// Its version.
    public var version: String { configuration.version }
    /// What could not be done, in words: a program must be able to start although its home cannot be written to.
    public var problems: [String] { trouble.withLock { $0 } }
    private let trouble = Guarded<[String]>([])
    /// The reports; nil when there is no place for them. Where the disk cannot be written to they lie in memory, until the session or the machine ends.
    public let store: CrashStore?
    let configuration: Configuration
    private let began: Int64
    private let id: RunID
    let runs: RunStore?
    private let record: OwnRecord?
    /// Of the runs before, and once their names were looked up.
    let before = MadeOnce<RunsBefore>()
    let settled = MadeOnce<LastRun?>()
    let telling = Guarded(Telling())

    /// The one that is installed.
    public static var installed: CrashCapture? { current.known }
    private static let current = MadeOnce<CrashCapture>()

    /// Installs the capture, once in a process: a second call returns the first one's. Early, on the main thread, before other threads are started.
    /// A runtime that works with faults of its own (a virtual machine, a collector) is set up after it: its handler is asked first then.
    ///
    /// Never fails: without a place to write to the handlers are there all the same, and ``problems`` says what is missing.
    @discardableResult
    public static func install(_ program: String, configuration: Configuration = Configuration()) -> CrashCapture {
        current.value {
            let made = CrashCapture(program, configuration)
            if configuration.handlesQuit, let problem = QuitReport.install() { made.note(problem: problem) }
            // However the process ends from here on, the next start knows it.
            roost_at_end(roost_crash_note_end_by)
            roost_signals_doubt_interrupts(roost_crash_interrupt_is_copy)
            roost_crash_set_hook(roost_terminal_give_back)
            return made
        }
    }

    private init(_ program: String, _ configuration: Configuration) {
        self.program = program
        self.configuration = configuration
        var problems: [String] = []
        func attempt<Value>(_ body: () throws -> Value) -> Value? {
            do { return try body() } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let began = Self.now()
        let id = RunID(began: began, process: getpid())
        (self.began, self.id) = (began, id)
        let found = attempt { try StoreFolders.find(for: program, folder: configuration.folder) }
        let machine = RunStore.Machine.now()
        let pagePath = found.map { "\($0.pages)/\(id.page)" }
        let page = Self.makePage(pagePath, &problems)
        let lines = Self.firstLines(program, configuration.version, machine, began, page.isFile ? pagePath : nil)
        let place = found.flatMap { Self.makeRecord(id, in: $0, lines, &problems) }
        // Without a record nobody would ever ask for it.
        if place == nil, page.isFile, let pagePath { unlink(pagePath) }
        let folders = place?.folders
        runs = folders.map { folders in
            let others = [found, found?.spare].compactMap { $0 }.filter { $0.store != folders.store }
            return RunStore(folders: folders, machine: machine, own: id, elsewhere: others)
        }
        store = folders.map { CrashStore(folder: $0.reports, limits: configuration.limits) }
        record = place?.record
        if let memory = page.memory {
            problems += Self.installHandlers(
                memory, program, record: record, page: page.isFile && place != nil ? pagePath : nil,
                copy: folders.map { "\($0.runs)/\(id.copy)" })
        }
        trouble.withLock { $0 = problems }
    }

    // MARK: Set-up

    private static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The record, on the disk or, if that cannot be written to, in memory.
    private static func makeRecord(
        _ id: RunID, in folders: StoreFolders, _ lines: String, _ problems: inout [String]
    ) -> (folders: StoreFolders, record: OwnRecord)? {
        func attempt(_ folders: StoreFolders) -> OwnRecord? {
            do {
                try FileSystem.makeFolder(folders.runs)
                return try OwnRecord(id, in: folders.runs, lines: lines, &problems)
            } catch {
                problems.append("\(error)")
                return nil
            }
        }
        if let record = attempt(folders) { return (folders, record) }
        guard let spare = folders.spare, let record = attempt(spare) else { return nil }
        problems.append("what a crash leaves is in \(spare.store), in memory, until the session or the machine ends")
        return (spare, record)
    }

    /// The memory of the page: in a file that outlives this process, or, if that cannot be, its own.
    private static func makePage(
        _ path: String?, _ problems: inout [String]
    ) -> (memory: UnsafeMutablePointer<roost_crash_page>?, isFile: Bool) {
        var failure: Int32 = 0
        if let path {
            do {
                if let slash = path.lastIndex(of: "/") { try FileSystem.makeFolder(String(path[..<slash])) }
                let file = try File(path, O_RDWR | O_CREAT | O_EXCL)
                // All of it now: memory that cannot be had later would be a fault within the handler.
                do {
                    try file.allocate(Int(ROOST_CRASH_FILE_SIZE))
                    var memory: UnsafeMutablePointer<roost_crash_page>?
                    // The ledger is written there, too.
                    let failure = File.withoutSizeSignal {
                        var failure: Int32 = 0
                        memory = roost_crash_map(file.descriptor, &failure)
                        return memory == nil ? failure : nil
                    }
                    if let memory { return (memory, true) }
                    throw StoreError("make \(path)", errno: failure ?? EIO)
                } catch {
                    unlink(path)
                    throw error
                }
            } catch { problems.append("\(error)") }
        }
        if let memory = roost_crash_map(-1, &failure) { return (memory, false) }
        problems.append("\(StoreError("make room for a crash", errno: failure))")
        return (nil, false)
    }

    private static func firstLines(
        _ program: String, _ version: String, _ machine: RunStore.Machine, _ began: Int64, _ page: String?
    ) -> String {
        var lines = RunRecord.beginning(program, version, process: getpid(), machine, began: began)
        if let page { lines.append(.page(page)) }
        if let path = FileSystem.link("/proc/self/fd/2") { lines.append(.standardError(path)) }
        if let kills = machine.outOfMemoryKills { lines.append(.outOfMemoryKills(kills)) }
        return lines.reduce(into: RunRecord.format + "\n") { $0 += $1.text }
    }

    private static func installHandlers(
        _ memory: UnsafeMutablePointer<roost_crash_page>, _ program: String, record: OwnRecord?, page: String?,
        copy: String?
    ) -> [String] {
        let failure = withOptionalCString(page) { page in
            withOptionalCString(copy) { copy in
                (lastWord(of: program, isKept: false) + "\n").withCString { word in
                    (lastWord(of: program, isKept: true) + "\n").withCString { wordIfKept in
                        var setup = roost_crash_setup(
                            record: record?.descriptor ?? -1, page_path: page, copy_path: copy, word: word,
                            word_if_kept: wordIfKept)
                        return roost_crash_install(memory, &setup)
                    }
                }
            }
        }
        return failure == 0 ? [] : ["\(StoreError("install the handlers of fatal signals", errno: failure))"]
    }

    /// What a crashing process says of itself.
    static func lastWord(of program: String, isKept: Bool) -> String {
        let name = TerminalText.line(program, limit: 100)
        return "\(name): crashed\(isKept ? "; the next start says where, and keeps a report" : "")"
    }

    /// Adds to ``problems``.
    package func note(problem: any Error) {
        let text = "\(problem)"
        trouble.withLock { $0.append(text) }
    }

    private static func withOptionalCString<Value>(
        _ text: String?, _ body: (UnsafePointer<CChar>?) -> Value
    ) -> Value { text.map { $0.withCString(body) } ?? body(nil) }

    // MARK: What this run says of itself

    /// Writes down, on the disk when it returns, that a stage of the start begins. Blocks: not on the main thread.
    public func stageBegan(_ name: String) { append(.stageBegan(name, at: Self.now())) }

    /// Writes down how a stage of the start came out. Blocks until it is on the disk.
    public func stageEnded(_ name: String, _ outcome: PastRun.StageOutcome) {
        append(.stageEnded(name, outcome, at: Self.now()))
    }

    /// Writes down that the start is over and the program runs: a crash from here on says nothing against the next start.
    /// Whoever asked for ``lastRun`` has thereby been told of it. Blocks until it is on the disk.
    public func launched(isSafe: Bool = false) {
        append(.launched(isSafe: isSafe, at: Self.now()))
        hasLasted()
    }

    /// Writes down that the start was given up in order: somebody quit, or the process was asked to end. Blocks until it is
    /// on the disk.
    public func gaveUp() { append(.gaveUp(at: Self.now())) }

    private func append(_ line: RunRecord.Line) {
        // A full disk loses what it has to lose; the stage is in the ledger, too.
        try? record?.add(line)
    }

    /// Writes what happens to this run into the store while it lasts. Blocks on the disk.
    @discardableResult
    func write(
        _ kind: RunReport.Kind, number: Int? = nil, _ summary: String, text: String, threads: ThreadCensus? = nil
    ) -> CrashStore.Entry? {
        let report = RunReport(
            program: program, version: configuration.version, process: getpid(), began: began, kind: kind,
            summary: summary, text: text, threads: threads)
        return try? store?.write(report, name: "\(id.text)-\(kind.rawValue)\(number.map { "-\($0)" } ?? "")")
    }

    /// Writes a hang of the main thread into the store: when it is seen, and again when it is over. Blocks on the disk.
    public func keep(_ hang: Hang) {
        let summary = "\(hang)".split(separator: "\n").first.map(String.init) ?? ""
        write(.hung, number: hang.number, "\(program): \(summary)", text: "\(program): \(hang)")
    }

    /// Writes a file of this run beside the reports: `timelines/RUN-NAME`. Blocks on the disk; the path, or nil where there is no store.
    @discardableResult
    package func keep(_ text: String, as name: String) -> String? {
        guard let folder = runs?.folders.timelines else { return nil }
        let path = "\(folder)/\(id.text)-\(name)"
        do {
            try FileSystem.makeFolder(folder)
            // It outlives the process; an end that is late has no time for the disk.
            try FileSystem.replace(path, with: text, isDurable: false)
            return path
        } catch { return nil }
    }

    /// What ``keep(_:as:)`` wrote in the last run under this name.
    package func kept(_ name: String) -> String? {
        guard let last = runsBefore.last else { return nil }
        return FileSystem.text("\(last.store.folders.timelines)/\(last.id.text)-\(name)", limit: 1 << 20)
    }

    /// One of the last lines of the program: the last 32 are in the report of a crash, also of one by SIGKILL. Some nanoseconds; any thread. Of
    /// a long line the first 240 bytes.
    public static func note(_ line: String) {
        var line = line
        line.withUTF8 { bytes in
            guard let start = bytes.baseAddress else { return }
            roost_crash_note_line(start, bytes.count)
        }
    }

    /// An error that is about to leave the program: the crash that follows is reported with its words.
    package static func noteUncaught(_ error: any Error) {
        // As the runtime prints it; the line is not the program's.
        var text = "Swift/ErrorType.swift:1: Fatal error: Error raised at top level: \(error)"
        text.withUTF8 { bytes in
            if let start = bytes.baseAddress { roost_crash_note_message(start, bytes.count) }
        }
    }

    /// Gives the calling thread an alternate stack for signals, so that a stack overflow on it can be reported, and unblocks the fatal signals on
    /// it: the kernel ends a process at a fault that is blocked, and nobody knows of it. For threads that are neither the main
    /// thread nor Roost's.
    public static func protectThread() { roost_protect_thread() }
}
