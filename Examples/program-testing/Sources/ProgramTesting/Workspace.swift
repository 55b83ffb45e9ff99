import Foundation
import Glibc

/// A folder of its own for one run: `out` for thumbnails, `state` for reports, a home and a cache, and one in memory for what a
/// session keeps there. Removed with the value.
final class Workspace: Sendable {
    let folder: String
    /// In memory where that can be, as a session's own is: elsewhere programs would take a folder that all of the user's share.
    let session: String

    private static let prefix = "roost-program-"

    init() throws {
        let temporary = FileManager.default.temporaryDirectory.path
        var template = Array("\(temporary)/\(Self.prefix)\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw LaunchError(call: "mkdtemp", errno: errno) }
        let name = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        folder = URL(fileURLWithPath: name).resolvingSymlinksInPath().path
        var inMemory = Array("/dev/shm/\(Self.prefix)\(getpid())-XXXXXX".utf8CString)
        let hasMemory = mkdtemp(&inMemory) != nil
        session =
            hasMemory
            ? String(decoding: inMemory.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self) : folder + "/session"
        for inner in ["home", "state", "cache"] + (hasMemory ? [] : ["session"]) { try makeFolder(inner) }
    }

    deinit {
        Self.remove(folder)
        Self.remove(session)
    }

    private static func remove(_ folder: String) {
        chmod(folder, 0o700)
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// What test processes left that were killed.
    static func removeThoseOfGoneProcesses() {
        remove { kill($0, 0) != 0 && errno == ESRCH }
    }

    static func removeThoseOfThisProcess() {
        remove { $0 == getpid() }
    }

    private static func remove(where isMeant: (pid_t) -> Bool) {
        for all in [FileManager.default.temporaryDirectory.path, "/dev/shm"] {
            for name in (try? FileManager.default.contentsOfDirectory(atPath: all)) ?? [] where name.hasPrefix(prefix) {
                let parts = name.dropFirst(prefix.count).split(separator: "-")
                if parts.count == 2, let owner = pid_t(parts[0]), isMeant(owner) { remove("\(all)/\(name)") }
            }
        }
    }

    /// What a program sees of the tester's environment: nothing that could change its ways.
    var environment: [String: String] {
        let ours = ProcessInfo.processInfo.environment
        var result = [
            "HOME": path("home"), "XDG_STATE_HOME": path("state"), "XDG_CACHE_HOME": path("cache"),
            "XDG_RUNTIME_DIR": session,
            "TERM": "xterm", "LC_ALL": "C.UTF-8", "PATH": ours["PATH"] ?? "/usr/bin:/bin",
        ]
        result["LD_LIBRARY_PATH"] = ours["LD_LIBRARY_PATH"]
        return result
    }

    /// The living processes of programs that were started in here, and of all that these have started, 100 ms after an end.
    ///
    /// The guardian alone may take a second: it looks until it finds nothing more, at most fifty times, and takes a dead worker that
    /// nobody has waited for yet for a living one. While more threads want to run than there are processors all are given two seconds,
    /// and what they took is said.
    func processesLeft() -> [pid_t] {
        let ended = ContinuousClock.now
        var wasBusy = false
        var late: (after: Duration, names: [String])?
        while true {
            // What a look finds was there when the look began.
            let begun = ContinuousClock.now - ended
            let living = ProcessTable.started(with: "XDG_STATE_HOME=" + path("state"))
            wasBusy = wasBusy || ProcessTable.threadsThatWantToRun > ProcessInfo.processInfo.activeProcessorCount
            guard !living.isEmpty else { break }
            let names = living.map(ProcessTable.name(of:))
            let isGuardian = names.allSatisfy { $0 == "roost-guardian" || $0.isEmpty }
            if begun > .milliseconds(wasBusy ? 2_000 : isGuardian ? 1_000 : 100) { return living }
            if begun > .milliseconds(100), !isGuardian { late = (begun, names) }
            usleep(2_000)
        }
        if let late { print("on a busy machine, \(late.names) were left for \(late.after)") }
        return []
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    @discardableResult
    func makeFolder(_ name: String, mode: Int = 0o700) throws -> String {
        try FileManager.default.createDirectory(
            atPath: path(name), withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        return path(name)
    }

    @discardableResult
    func write(_ text: String, to name: String) throws -> String {
        try Data(text.utf8).write(to: URL(fileURLWithPath: path(name)))
        return path(name)
    }

    func text(of name: String) -> String? {
        FileManager.default.contents(atPath: path(name)).map { String(decoding: $0, as: UTF8.self) }
    }

    /// Every file below a folder in here, relative to it, sorted.
    func files(below name: String) -> [String] {
        let all = FileManager.default.enumerator(atPath: path(name))?.compactMap { $0 as? String } ?? []
        return all.filter { FileFacts(path(name) + "/" + $0)?.isFolder == false }.sorted()
    }

    /// The report of the last shutdown of a program that keeps it under this name.
    func report(of program: String = "thumbnailer") throws -> ShutdownFacts? {
        guard let text = text(of: "state/\(program)/last-shutdown.json") else { return nil }
        return try ShutdownFacts(json: text)
    }
}

/// What `lstat` says about a file; nil when there is none.
struct FileFacts {
    let mode: mode_t
    let isFolder: Bool
    let inode: ino_t
    let links: UInt

    init?(_ path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        mode = status.st_mode & 0o7777
        isFolder = status.st_mode & S_IFMT == S_IFDIR
        inode = status.st_ino
        links = UInt(status.st_nlink)
    }
}

/// A shutdown report, read by other means than the code that wrote it.
struct ShutdownFacts: Decodable {
    struct Late: Decodable {
        struct Place: Decodable {
            let file: String
            let line: Int
        }
        let worker: String
        let scope: String
        let lastCheckpoint: Place?
    }

    struct Finalizer: Decodable {
        let name: String
        let outcome: String
    }

    struct Worker: Decodable {
        let name: String
        let ending: String
    }

    let process: Int32
    let cause: String
    let exited: Int32?
    let signal: Int32?
    let stragglers: [Late]
    let finalizers: [Finalizer]
    let workers: [Worker]

    init(json: String) throws {
        self = try JSONDecoder().decode(ShutdownFacts.self, from: Data(json.utf8))
    }

    /// Who was late, but for the main body: having waited for a worker, it may not come to its own end in time when the
    /// machine is busy.
    var lateWorkers: [String] { stragglers.map(\.worker).filter { $0 != "main" } }

    /// How it says the process ended.
    var ending: Program.Ending? { exited.map { .exited($0) } ?? signal.map { .signalled($0) } }
}
