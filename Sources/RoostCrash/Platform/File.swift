import CRoostPlatform
import Glibc

/// A call to the system that failed.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What was tried, in words: `make /home/anna/.local/state/app`.
    public let action: String
    /// The errno.
    public let errno: Int32

    init(_ action: String, errno: Int32 = Glibc.errno) {
        self.action = action
        self.errno = errno
    }

    public var description: String { "cannot \(action): \(String(cString: strerror(errno)))" }
}

/// An open file, and nothing else of that name: nobody waits for the other end of a FIFO. Closed with its last reference.
final class File: Sendable {
    let path: String
    let descriptor: Int32

    /// Opens the file; `name` is what errors call it, if not by its path.
    init(_ path: String, _ flags: Int32, mode: mode_t = 0o600, name: String? = nil) throws(StoreError) {
        var descriptor = open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, mode)
        guard descriptor >= 0 else { throw StoreError("open \(path)") }
        var status = stat()
        let failure = fstat(descriptor, &status) == 0 ? 0 : errno
        guard failure == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw failure == 0
                ? StoreError("open \(path), which is no file", errno: EINVAL)
                : StoreError("open \(path)", errno: failure)
        }
        if descriptor <= STDERR_FILENO {
            // A program that was started without a standard stream would write into this file what it prints.
            let moved = fcntl(descriptor, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)
            let failure = errno
            close(descriptor)
            guard moved >= 0 else { throw StoreError("open \(path)", errno: failure) }
            descriptor = moved
        }
        self.path = name ?? path
        self.descriptor = descriptor
    }

    deinit { close(descriptor) }

    /// Writes all of it, at the file's end if it was opened so.
    func write(_ text: String) throws(StoreError) {
        var text = text
        let failure: Int32? = Self.withoutSizeSignal {
            text.withUTF8 { bytes in
                var place = 0
                while place < bytes.count {
                    let written = Glibc.write(descriptor, bytes.baseAddress! + place, bytes.count - place)
                    if written < 0, errno == EINTR { continue }
                    guard written > 0 else { return written < 0 ? errno : EIO }
                    place += written
                }
                return nil
            }
        }
        if let failure { throw StoreError("write \(path)", errno: failure) }
    }

    /// Has this many bytes from now on, that are to be had: nobody runs out of them later.
    func allocate(_ size: Int) throws(StoreError) {
        let failure = Self.withoutSizeSignal {
            let failure = posix_fallocate(descriptor, 0, off_t(size))
            return failure == 0 ? nil : failure
        }
        if let failure { throw StoreError("make \(path)", errno: failure) }
    }

    /// Beyond the limit of file sizes a write is refused, and kills nobody. `body` returns an errno.
    static func withoutSizeSignal(_ body: () -> Int32?) -> Int32? {
        var held = roost_size_signal()
        roost_size_signal_hold(&held)
        let failure = body()
        roost_size_signal_restore(&held, failure == EFBIG ? 1 : 0)
        return failure
    }

    /// On the disk when it returns, where there is one.
    func synchronize() throws(StoreError) {
        guard fdatasync(descriptor) == 0 || errno == EINVAL else { throw StoreError("write \(path) to the disk") }
    }

    var size: Int { Int(status?.st_size ?? 0) }

    var status: stat? {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? status : nil
    }

    /// The lock of the file for this process; false when another one has it. It goes with the process, however that ends, and is none of its
    /// children's; and with the closing of any of this process's descriptors of the file: open it once.
    func lock() -> Bool { lock(by: F_SETLK) }

    /// The same lock for this reference to the file alone: it goes with it. For what another process wrote, which two threads of this one may
    /// look at.
    func lockToRead() -> Bool { lock(by: Self.setOwnLock) }

    /// True when somebody has that lock at this moment, and nobody that of a process.
    var isLockedToRead: Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        // The kernel has no process to name for it.
        return fcntl(descriptor, Self.getOwnLock, &lock) == 0 && lock.l_type != Int16(F_UNLCK) && lock.l_pid == -1
    }

    /// `F_OFD_GETLK` and `F_OFD_SETLK` of <fcntl.h>, which shows them to GNU programs alone.
    private static let (getOwnLock, setOwnLock): (Int32, Int32) = (36, 37)

    private func lock(by command: Int32) -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, command, &lock) == 0
    }

    /// Takes out all that is in it.
    func empty() throws(StoreError) {
        guard ftruncate(descriptor, 0) == 0 else { throw StoreError("write \(path)") }
    }

    /// What is in it, at most so many bytes, from this place on.
    func contents(limit: Int, from start: Int = 0) -> [UInt8] {
        let size = min(self.size - start, limit)
        guard size > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: size)
        var got = 0
        while got < size {
            let count = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress! + got, size - got, start + got)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            got += count
        }
        return Array(bytes.prefix(got))
    }
}

/// Folders and small files of the system.
enum FileSystem {
    static func text(_ path: String, limit: Int = 64 * 1024) -> String? {
        // Files in /proc say that they are empty. Of a FIFO there is nothing to be read.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while bytes.count < limit {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes.prefix(limit), as: UTF8.self)
    }

    /// The names in a folder, in their order.
    static func names(in folder: String) -> [String] {
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The file, to be read and written; nil if it cannot be opened. What has such a name and is neither a file nor a folder is removed: it would be
    /// looked at for ever.
    static func openOrRemove(_ path: String) -> File? {
        if let file = try? File(path, O_RDWR) { return file }
        var status = stat()
        if lstat(path, &status) == 0, ![S_IFREG, S_IFDIR].contains(status.st_mode & S_IFMT) { unlink(path) }
        return nil
    }

    /// Makes the folder and those above it, readable by nobody else.
    static func makeFolder(_ path: String) throws(StoreError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        guard errno == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw StoreError("make the folder \(path)")
        }
        try makeFolder(String(path[..<slash]))
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw StoreError("make the folder \(path)") }
    }

    /// Where a link leads; nil for anything else.
    static func link(_ path: String) -> String? {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self) : nil
    }

    /// Replaces a file by one with this text, whole or not at all; if it is durable, also when the machine goes down meanwhile. Blocks until it is on
    /// the disk then.
    static func replace(_ path: String, with text: String, isDurable: Bool = true) throws(StoreError) {
        let beside = path + ".new"
        let file = try File(beside, O_WRONLY | O_CREAT | O_TRUNC)
        do {
            try file.write(text)
            // Else a name may be on the disk, after the machine's end, and nothing behind it.
            if isDurable { try file.synchronize() }
        } catch {
            unlink(beside)
            throw error
        }
        guard rename(beside, path) == 0 else {
            let failure = errno
            unlink(beside)
            throw StoreError("write \(path)", errno: failure)
        }
    }
}
