import Glibc

/// What the file system says about a file; equal facts mean the same content.
package struct FileFacts: Equatable, Sendable, Codable {
    private let device: dev_t
    private let inode: ino_t
    let byteCount: Int
    /// The time of the last change, in whole seconds since 1970, as `Thumb::MTime` has it.
    let modifiedSeconds: Int
    private let modifiedNanoseconds: Int
    private let kind: mode_t

    /// The facts of the file that `path` leads to, symbolic links followed.
    package init(of path: RawPath) throws(ThumbnailError) {
        var status = stat()
        guard path.withCString({ stat($0, &status) }) == 0 else { throw .system(.read, path, errno: errno) }
        self.init(status)
    }

    /// The facts of an open file; `path` is for the message.
    init(ofDescriptor descriptor: Int32, _ path: RawPath) throws(ThumbnailError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .system(.read, path, errno: errno) }
        self.init(status)
    }

    private init(_ status: stat) {
        device = status.st_dev
        inode = status.st_ino
        byteCount = Int(status.st_size)
        modifiedSeconds = Int(status.st_mtim.tv_sec)
        modifiedNanoseconds = Int(status.st_mtim.tv_nsec)
        kind = status.st_mode & S_IFMT
    }

    var isRegularFile: Bool { kind == S_IFREG }

    /// Throws when the name no longer means the bytes that were read: the file vanished, was replaced or written to.
    ///
    /// A thumbnail of half of the old and half of the new bytes would pass as fresh, so it is not made.
    func requireUnchanged(_ path: RawPath) throws(ThumbnailError) {
        let now: FileFacts
        do {
            now = try FileFacts(of: path)
        } catch {
            guard error.code == .notFound else { throw error }
            throw ThumbnailError(
                .notFound, .read, path, reason: "it vanished while it was being read", errno: error.errno)
        }
        guard now == self else {
            throw ThumbnailError(.changed, .read, path, reason: "it changed while it was being read")
        }
    }

    /// Throws unless this is a regular file with a size worth reading.
    func requirePicture(_ path: RawPath, limits: DecodeLimits) throws(ThumbnailError) {
        guard isRegularFile else {
            throw ThumbnailError(.notRegularFile, .read, path, reason: "it is \(kindName), not a regular file")
        }
        guard byteCount > 0 else { throw ThumbnailError(.empty, .read, path, reason: "the file is empty") }
        guard byteCount <= limits.bytes else {
            throw ThumbnailError(
                .tooManyBytes, .read, path, reason: "\(byteCount) bytes are more than the limit of \(limits.bytes)")
        }
    }

    private var kindName: String {
        switch kind {
        case S_IFDIR: "a folder"
        case S_IFIFO: "a FIFO"
        case S_IFSOCK: "a socket"
        case S_IFCHR, S_IFBLK: "a device"
        default: "something else"
        }
    }
}
