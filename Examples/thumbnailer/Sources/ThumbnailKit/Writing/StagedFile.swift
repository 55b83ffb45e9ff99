import Glibc

/// A file that nobody sees under its final name until it is whole; leaves nothing behind unless it is published.
///
/// Where the file system can, it has no name at all (`O_TMPFILE`), so even SIGKILL leaves nothing. Elsewhere it has a
/// temporary name that says whose it is. `fsync` is left out on purpose: after a power cut a thumbnail may be missing or
/// cut off, the header check then finds it stale, and it is made again.
struct StagedFile: ~Copyable {
    private let folder: Int32
    private let file: Int32
    private let target: RawPath
    private var temporaryName: String?

    /// Why a file could not be published.
    enum PublishFailure: Error {
        /// The name could not be given to a file without one (no `/proc`, a file system without links).
        case cannotLink
        case failed(ThumbnailError)
    }

    /// Creates the empty file in `folder`, a descriptor this value takes over whatever happens.
    ///
    /// - Returns: nil when an unnamed file was asked for and the file system has none.
    static func create(
        in folder: Int32, target: RawPath, unnamed: Bool
    ) throws(ThumbnailError) -> StagedFile? {
        let name = unnamed ? nil : TemporaryName.next().text
        let file =
            if let name {
                openat(folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode_t(0o600))
            } else {
                openat(folder, ".", O_WRONLY | StagedFile.unnamedFile | O_CLOEXEC, mode_t(0o600))
            }
        if file >= 0 {
            // The umask may have taken bits away from 0600; the standard wants exactly these.
            fchmod(file, 0o600)
            return StagedFile(folder: folder, file: file, target: target, temporaryName: name)
        }
        let number = errno
        close(folder)
        // What kernels and file systems answer that do not know the flag.
        if unnamed, [EOPNOTSUPP, EISDIR, EINVAL, ENOSYS, ENOENT].contains(number) { return nil }
        throw .system(.write, target, errno: number)
    }

    deinit {
        if let temporaryName { unlinkat(folder, temporaryName, 0) }
        close(file)
        close(folder)
    }

    /// Writes all of `bytes`.
    func write(_ bytes: UnsafeRawBufferPointer, through door: WritingDoor) throws(ThumbnailError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = door.write(file, rest)
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(.write, target, errno: errno)
            }
            // write(2) may take nothing without an error only for zero bytes; for ever is not an option either way.
            if count == 0 { throw .system(.write, target, errno: EIO) }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Gives the file its final name, replacing what had it, in one step that others see whole or not at all.
    consuming func publish() throws(PublishFailure) {
        let name = String(decoding: target.lastComponent, as: UTF8.self)
        if temporaryName == nil {
            if link(as: name) { return }
            // A link never replaces. The file takes a temporary name first and is renamed over the old one.
            guard errno == EEXIST else { throw linkFailure(errno) }
            let name = TemporaryName.next().text
            guard link(as: name) else { throw linkFailure(errno) }
            temporaryName = name
        }
        guard let temporaryName else { return }
        guard renameat(folder, temporaryName, folder, name) == 0 else {
            throw .failed(.system(.write, target, errno: errno))
        }
        self.temporaryName = nil
    }

    private func link(as name: String) -> Bool {
        // AT_EMPTY_PATH would spare /proc but needs CAP_DAC_READ_SEARCH.
        linkat(AT_FDCWD, "/proc/self/fd/\(file)", folder, name, AT_SYMLINK_FOLLOW) == 0
    }

    private func linkFailure(_ number: Int32) -> PublishFailure {
        switch number {
        case ENOENT, EPERM, EOPNOTSUPP, EINVAL, ENOSYS, EXDEV, EMLINK, ELOOP: .cannotLink
        default: .failed(.system(.write, target, errno: number))
        }
    }

    /// `O_TMPFILE`, a macro Swift does not import: `__O_TMPFILE | O_DIRECTORY`, from asm-generic/fcntl.h, which x86-64,
    /// arm64 and riscv64 use.
    private static let unnamedFile = O_DIRECTORY | 0o20_000_000
}
