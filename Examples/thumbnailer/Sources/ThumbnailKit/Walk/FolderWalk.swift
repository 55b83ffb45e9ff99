import Glibc

/// Finds the pictures in a folder and below it, one at a time, in the same order every time.
///
/// The pictures of a folder come first, sorted by the bytes of their names, then its folders in the same order. Symbolic
/// links to folders come after everything that is reached without them, so a picture is found under its own name when it
/// has one in the tree; each folder is listed once, so loops end. As in a file manager, names that start with a dot are
/// skipped, and so are thumbnails folders. A folder that cannot be read is reported and passed over.
///
/// Holds no descriptor between two calls, and may move between threads.
public struct FolderWalk: Sendable {
    /// One finding.
    public enum Finding: Sendable, Hashable {
        /// A file named like a picture; its content has not been looked at.
        case picture(RawPath)
        /// A folder that was passed over, and why.
        case problem(ThumbnailError)
    }

    private let formats: PictureFormats
    private let skipped: [RawPath]
    private var seen: Set<FolderListing.Identity> = []
    /// Pictures of the folder listed last, the next one at the end.
    private var pictures: [RawPath] = []
    /// Folders still to be listed, the next one at the end.
    private var folders: [RawPath]
    /// Links to folders, kept for when there is nothing else.
    private var links: [RawPath] = []

    /// Starts at `folder`, which may be a symbolic link or hidden.
    ///
    /// - Parameter cache: Its folder is skipped wherever the walk meets it.
    /// - Throws: When `folder` does not exist, is not a folder or cannot be read. Folders below it never throw.
    public init(
        folder: RawPath, skipping cache: ThumbnailCache? = nil, formats: PictureFormats = .supported()
    ) throws(ThumbnailError) {
        self.formats = formats
        let stream = folder.withCString { opendir($0) }
        guard let stream else { throw .system(.openFolder, folder, errno: errno) }
        closedir(stream)
        folders = [folder.absolute()]
        skipped = cache?.realRoots ?? []
    }

    /// The next finding, or nil at the end.
    ///
    /// - Parameter checkpoint: Called on this thread before each folder and between the entries of a large one. After it
    ///   has thrown, the walk can go on: the folder that was being listed is listed again.
    /// - Throws: What `checkpoint` throws, unchanged, and nothing else.
    public mutating func next(checkpoint: () throws -> Void) throws -> Finding? {
        while true {
            if let picture = pictures.popLast() { return .picture(picture) }
            try checkpoint()
            if folders.isEmpty {
                folders = links.reversed()
                links = []
            }
            guard let folder = folders.last else { return nil }
            if let problem = try list(folder, checkpoint: checkpoint) { return .problem(problem) }
        }
    }

    /// Lists the folder on top of the stack and takes it off, unless the checkpoint throws.
    private mutating func list(_ folder: RawPath, checkpoint: () throws -> Void) throws -> ThumbnailError? {
        var stop: (any Error)?
        do {
            // Looked up each time: the first thumbnail may have made the folder after the walk began.
            let skipped = skipped.compactMap { FolderListing.Identity(of: $0) }
            func remembered() throws {
                do {
                    try checkpoint()
                } catch {
                    stop = error
                    throw error
                }
            }
            let listing = try FolderListing(folder, unless: seen, skipped, checkpoint: remembered)
            folders.removeLast()
            if let listing { add(listing, of: folder) }
            return nil
        } catch {
            if let stop { throw stop }
            folders.removeLast()
            return error as? ThumbnailError
        }
    }

    private mutating func add(_ listing: FolderListing, of folder: RawPath) {
        seen.insert(listing.identity)
        for entry in listing.entries.reversed() {
            switch entry.kind {
            case .folder: folders.append(folder.appending(entry.name))
            case .file where formats.includes(fileName: entry.name): pictures.append(folder.appending(entry.name))
            case .file, .linkedFolder: break
            }
        }
        links += listing.entries.lazy.filter { $0.kind == .linkedFolder }.map { folder.appending($0.name) }
    }
}

extension FolderWalk: Sequence, IteratorProtocol {
    /// The next finding, or nil at the end; without a checkpoint.
    public mutating func next() -> Finding? {
        // proof: only the checkpoint can throw, and this one does not.
        try? next(checkpoint: {})
    }
}
