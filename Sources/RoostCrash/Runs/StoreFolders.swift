import CRoostCrash
import Glibc

/// Where the files of a program's runs lie.
struct StoreFolders: Sendable, Hashable {
    /// Of the program, on the disk: records, copies of pages, reports.
    let store: String
    /// Of the pages, in memory if there is such a place: the kernel then never writes them to a disk while the program runs.
    let pages: String
    /// Where the store is when that on the disk cannot be written to: beside the pages, until the session or the machine ends. Nil without such a place.
    let spareStore: String?

    /// The same, with the spare store for the store.
    var spare: StoreFolders? { spareStore.map { StoreFolders(store: $0, pages: pages, spareStore: nil) } }

    var runs: String { store + "/runs" }
    var timelines: String { store + "/timelines" }
    var reports: String { store + "/reports" }

    /// The folders for `program`; `folder` is the program's own choice, from the folder that it is in at this moment.
    static func find(for program: String, folder: String?) throws(StoreError) -> StoreFolders {
        let store: String = if let folder { try absolute(folder) } else { try defaultStore(for: program) }
        let pages = pagesFolder(for: program)
        return StoreFolders(
            store: store, pages: pages ?? store + "/runs", spareStore: pages.map { "\($0)/store-\(key(of: store))" })
    }

    private static func absolute(_ path: String) throws(StoreError) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let here = getcwd(nil, 0) else { throw StoreError("find the folder that the program is in") }
        defer { free(here) }
        // Another folder would have the name that is left.
        guard let folder = String(validatingCString: here) else {
            throw StoreError("use a folder whose name is not UTF-8", errno: EILSEQ)
        }
        return "\(folder)/\(path)"
    }

    /// Short, and another for each store: those of two programs of one name are not to be mixed (FNV-1a).
    private static func key(of path: String) -> String {
        let hash = path.utf8.reduce(14_695_981_039_346_656_037 as UInt64) { ($0 ^ UInt64($1)) &* 1_099_511_628_211 }
        return String(hash, radix: 16)
    }

    /// `$XDG_STATE_HOME/PROGRAM/roost`, with the home folder's `.local/state` without the variable.
    private static func defaultStore(for program: String) throws(StoreError) -> String {
        let name = fileName(program)
        if let state = variable("XDG_STATE_HOME"), state.hasPrefix("/") { return "\(state)/\(name)/roost" }
        if let home = variable("HOME"), home.hasPrefix("/") { return "\(home)/.local/state/\(name)/roost" }
        guard let entry = getpwuid(getuid()), let home = entry.pointee.pw_dir else {
            throw StoreError("find the home folder of user \(getuid())", errno: ENOENT)
        }
        return "\(String(cString: home))/.local/state/\(name)/roost"
    }

    /// The user's own folder in memory: the session's, or one below /dev/shm that belongs to nobody else.
    private static func pagesFolder(for program: String) -> String? {
        let name = "roost-\(fileName(program))"
        if let session = variable("XDG_RUNTIME_DIR"), session.hasPrefix("/"), isMemory(session), isOwn(session) {
            return "\(session)/\(name)"
        }
        let folder = "/dev/shm/roost-\(getuid())"
        guard isMemory("/dev/shm") else { return nil }
        mkdir(folder, 0o700)
        return isOwn(folder) ? "\(folder)/\(name)" : nil
    }

    private static func isMemory(_ path: String) -> Bool { roost_crash_is_in_memory(path) != 0 }

    private static func isOwn(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR && status.st_uid == getuid()
            && status.st_mode & 0o077 == 0
    }

    static func variable(_ name: String) -> String? {
        guard let value = getenv(name) else { return nil }
        let text = String(cString: value)
        return text.isEmpty ? nil : text
    }

    /// The program's name, fit to be that of a folder.
    static func fileName(_ program: String) -> String {
        var name = ""
        for character in program.prefix(100) { name.append(character == "/" || character == "\0" ? "_" : character) }
        return name.isEmpty || name.hasPrefix(".") ? "_" + name : name
    }
}

/// The name of a run, in the order of their beginnings.
struct RunID: Sendable, Hashable, Comparable {
    let text: String
    let milliseconds: Int64
    let process: Int32

    init(began: Int64, process: Int32) {
        milliseconds = max(0, began) / 1_000_000
        self.process = process
        let digits = String(milliseconds)
        text = String(repeating: "0", count: max(0, 14 - digits.count)) + "\(digits)-\(process)"
    }

    /// Of a file `ID.run`; nil for any other.
    init?(file: String, ending: String) {
        guard file.hasSuffix(ending) else { return nil }
        let name = file.dropLast(ending.count)
        let parts = name.split(separator: "-", omittingEmptySubsequences: false)
        // Nanoseconds have to be numbers, too.
        guard parts.count == 2, parts[0].count >= 14, let began = Int64(parts[0]),
            (0...Int64.max / 1_000_000).contains(began), let process = Int32(parts[1])
        else { return nil }
        (text, milliseconds, self.process) = (String(name), began, process)
    }

    /// Of a report `ID-KIND.json` or `.txt`, whole or half written.
    init?(ofReport name: String) {
        let parts = name.split(separator: "-", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[2].first?.isLetter == true else { return nil }
        self.init(file: "\(parts[0])-\(parts[1])", ending: "")
    }

    static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    var record: String { text + ".run" }
    /// The record until its first lines are in it.
    var unfinished: String { record + ".new" }
    var copy: String { text + ".crash" }
    var page: String { text + ".page" }
}
