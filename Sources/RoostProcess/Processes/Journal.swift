import CRoostProcess
import Glibc
import Roost

/// The folder in which each app with worker processes has a file while it lives: which groups are its own. The guardian removes
/// it; if that was killed, too, the next launch of any program with a pool ends what is left and removes it.
enum Journal {
    /// In `$XDG_RUNTIME_DIR`, else in `/tmp`; nil when there is no folder that is ours alone.
    static func folder() -> String? {
        let user = getuid()
        if let runtime = getenv("XDG_RUNTIME_DIR").map({ String(cString: $0) }), runtime.hasPrefix("/") {
            if let folder = own(runtime + "/roost") { return folder }
        }
        return own("/tmp/roost-\(user)")
    }

    private static func own(_ path: String) -> String? {
        _ = mkdir(path, 0o700)
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR, status.st_uid == getuid(),
            status.st_mode & 0o077 == 0
        else { return nil }
        return path
    }

    /// A file with room for a table that a full disk cannot take away again; -1 without one.
    static func create(_ path: String, size: Int) -> Int32 {
        let file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { return -1 }
        guard
            SizeLimit.refusing({
                let failure = posix_fallocate(file, 0, off_t(size))
                return failure == 0 ? nil : failure
            }) == nil
        else {
            close(file)
            unlink(path)
            return -1
        }
        return file
    }

    /// Ends what apps that are gone have left behind.
    static func sweep(_ folder: String) {
        guard let entries = opendir(folder) else { return }
        defer { closedir(entries) }
        while let entry = readdir(entries) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { sweep(file: folder + "/" + name) }
        }
    }

    private static func sweep(file path: String) {
        // Whatever has that name: opening a FIFO must not wait for its other end.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return }
        defer { close(file) }
        var table = roost_guard_table()
        let size = MemoryLayout<roost_guard_table>.size
        guard withUnsafeMutableBytes(of: &table, { pread(file, $0.baseAddress, size, 0) }) == size,
            roost_guard_is_table(&table) != 0
        else { return }
        guard roost_process_start(table.app) != table.app_start else { return }
        let mark = withUnsafeBytes(of: &table.mark) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        // By their mark alone: the groups' numbers may be others' by now. What does not end now is the next launch's.
        if Marked.endAll(mark) { unlink(path) }
    }
}

/// Processes by the mark in their environment.
enum Marked {
    private static let lock = Locked(())

    /// Ends all whose mark begins so; how many there were.
    static func end(_ mark: String) -> Int32 { lock.withLock { _ in roost_kill_marked(mark) } }

    /// Ends them until there are none. False for those that are still there after a quarter of a second: one that waits in the kernel for a
    /// disk or a server hears nothing before that answers.
    static func endAll(_ mark: String, by end: (String) -> Int32 = end) -> Bool {
        for round in 0..<50 {
            if round > 0 { usleep(5_000) }
            if end(mark) == 0 { return true }
        }
        return false
    }
}
