import Glibc

/// Writes a whole file into a folder that may not exist yet, or nothing.
struct AtomicWriter: Sendable {
    var door = WritingDoor()

    /// Writes `png` to `target`, mode 0600, making missing folders with mode 0700.
    ///
    /// `checkpoint` is called before the file is created and before it gets its name; after that the file stands.
    func write(_ png: borrowing EncodedPNG, to target: RawPath, checkpoint: () throws -> Void) throws {
        try checkpoint()
        if door.usesUnnamedFiles, try publish(png, to: target, unnamed: true, checkpoint: checkpoint) { return }
        _ = try publish(png, to: target, unnamed: false, checkpoint: checkpoint)
    }

    /// False when the file system has no unnamed files, or cannot name one.
    private func publish(
        _ png: borrowing EncodedPNG, to target: RawPath, unnamed: Bool, checkpoint: () throws -> Void
    ) throws -> Bool {
        let folder = try openFolder(of: target)
        guard let file = try StagedFile.create(in: folder, target: target, unnamed: unnamed) else { return false }
        try png.withBytes { bytes throws(ThumbnailError) in try file.write(bytes, through: door) }
        try checkpoint()
        do {
            try file.publish()
            return true
        } catch .cannotLink where unnamed {
            return false
        } catch .failed(let error) {
            throw error
        } catch .cannotLink {
            throw ThumbnailError.system(.write, target, errno: EIO)
        }
    }

    /// Throws when no file can be begun in `folder`, which is there. Leaves nothing in it.
    func requireWritable(_ folder: RawPath) throws(ThumbnailError) {
        for isUnnamed in door.usesUnnamedFiles ? [true, false] : [false] {
            let descriptor = open(folder)
            guard descriptor >= 0 else { throw .system(.write, folder, errno: errno) }
            guard let file = try StagedFile.create(in: descriptor, target: folder, unnamed: isUnnamed) else { continue }
            // It goes without ever having had its name.
            _ = consume file
            return
        }
    }

    /// Opens the folder of `target`, making it when it is missing: at the first run, and when somebody cleared the
    /// cache in the middle of one.
    private func openFolder(of target: RawPath) throws(ThumbnailError) -> Int32 {
        let folder = target.folder
        var descriptor = open(folder)
        if descriptor < 0, errno == ENOENT {
            try FolderMaker.make(folder, reporting: target)
            descriptor = open(folder)
        }
        guard descriptor >= 0 else { throw .system(.write, target, errno: errno) }
        return descriptor
    }

    private func open(_ folder: RawPath) -> Int32 {
        folder.withCString { Glibc.open($0, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
    }
}

/// Makes private folders.
enum FolderMaker {
    /// Makes `folder` and what is missing above it with mode 0700; an existing folder stays as it is. Those that it made, the outermost first.
    @discardableResult
    static func make(_ folder: RawPath, reporting target: RawPath) throws(ThumbnailError) -> [RawPath] {
        var missing: [RawPath] = []
        var next = folder
        while next.bytes.count > 1, next.withCString({ access($0, F_OK) }) != 0 {
            missing.append(next)
            next = next.folder
        }
        var made: [RawPath] = []
        for folder in missing.reversed() {
            if folder.withCString({ mkdir($0, 0o700) }) == 0 {
                made.append(folder)
            } else if errno != EEXIST {  // another worker may have made it in the meantime
                let number = errno
                removeEmpty(made)
                throw .system(.write, target, errno: number)
            }
        }
        return made
    }

    /// Removes those of `folders` that nobody has put anything into.
    static func removeEmpty(_ folders: [RawPath]) {
        for folder in folders.reversed() { _ = folder.withCString { rmdir($0) } }
    }
}
