import Glibc

/// The entries of one folder, read at once and sorted by the bytes of their names.
struct FolderListing {
    /// What has to be known about an entry to decide what to do with it.
    enum Kind {
        case folder
        /// A symbolic link that leads to a folder.
        case linkedFolder
        /// Anything else. A FIFO named like a picture is reported by the decoder, by name and reason.
        case file
    }

    struct Entry {
        let name: [UInt8]
        let kind: Kind
    }

    /// Tells folders apart, so that one reached twice is listed once.
    struct Identity: Hashable {
        let device: dev_t
        let inode: ino_t

        init(_ status: stat) {
            device = status.st_dev
            inode = status.st_ino
        }

        /// The identity of what `path` leads to; nil when it leads nowhere.
        init?(of path: RawPath) {
            var status = stat()
            guard path.withCString({ stat($0, &status) }) == 0 else { return nil }
            self.init(status)
        }
    }

    let identity: Identity
    let entries: [Entry]

    /// Entries between two checkpoints.
    private static let entriesACheckpoint = 256

    /// Lists `folder` without the entries whose names start with a dot.
    ///
    /// - Returns: nil when it is one of the folders in `visited` or `skipped`.
    init?(
        _ folder: RawPath, unless visited: Set<Identity>, _ skipped: [Identity], checkpoint: () throws -> Void
    ) throws {
        let descriptor = folder.withCString { open($0, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC) }
        guard descriptor >= 0 else { throw ThumbnailError.system(.openFolder, folder, errno: errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0, let stream = fdopendir(descriptor) else {
            let number = errno
            close(descriptor)
            throw ThumbnailError.system(.openFolder, folder, errno: number)
        }
        // Owns the descriptor from here on.
        defer { closedir(stream) }
        identity = Identity(status)
        if visited.contains(identity) || skipped.contains(identity) { return nil }
        var entries: [Entry] = []
        var count = 0
        while true {
            count += 1
            if count % FolderListing.entriesACheckpoint == 0 { try checkpoint() }
            errno = 0
            guard let entry = readdir(stream) else {
                if errno != 0 { throw ThumbnailError.system(.openFolder, folder, errno: errno) }
                break
            }
            let name = FolderListing.name(of: entry)
            if name.first == UInt8(ascii: ".") { continue }
            entries.append(Entry(name: name, kind: FolderListing.kind(of: entry, in: dirfd(stream))))
        }
        self.entries = entries.sorted { $0.name.lexicographicallyPrecedes($1.name) }
    }

    /// The bytes of an entry's name.
    static func name(of entry: UnsafeMutablePointer<dirent>) -> [UInt8] {
        let start = rawName(of: entry)
        return Array(UnsafeRawBufferPointer(start: start, count: strlen(start)))
    }

    /// Where the name starts; valid until the next `readdir` on the same stream.
    private static func rawName(of entry: UnsafeMutablePointer<dirent>) -> UnsafePointer<CChar> {
        let start = UnsafeRawPointer(entry).advanced(by: MemoryLayout<dirent>.offset(of: \.d_name)!)
        // proof: d_name is an array of char, zero-terminated inside the record.
        return start.assumingMemoryBound(to: CChar.self)
    }

    private static func kind(of entry: UnsafeMutablePointer<dirent>, in folder: Int32) -> Kind {
        switch Int(entry.pointee.d_type) {
        case Int(DT_DIR): .folder
        case Int(DT_LNK): leadsToFolder(entry, in: folder, flags: 0) ? .linkedFolder : .file
        // Some file systems do not say; then the entry is looked at.
        case Int(DT_UNKNOWN):
            if leadsToFolder(entry, in: folder, flags: AT_SYMLINK_NOFOLLOW) {
                .folder
            } else {
                leadsToFolder(entry, in: folder, flags: 0) ? .linkedFolder : .file
            }
        default: .file
        }
    }

    private static func leadsToFolder(_ entry: UnsafeMutablePointer<dirent>, in folder: Int32, flags: Int32) -> Bool {
        var status = stat()
        return fstatat(folder, rawName(of: entry), &status, flags) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
