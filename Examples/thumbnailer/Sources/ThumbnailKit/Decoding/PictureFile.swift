import Glibc

/// An open picture: a regular file, proven so by its descriptor, that reading cannot block on for ever.
struct PictureFile: ~Copyable {
    let path: RawPath
    let facts: FileFacts
    private let descriptor: Int32

    /// Opens `path`, or says why it is nothing to read.
    ///
    /// `O_NONBLOCK` returns from a FIFO without a writer, `O_NOCTTY` keeps a terminal from becoming ours.
    static func open(_ path: RawPath, limits: DecodeLimits) throws(ThumbnailError) -> PictureFile {
        // Judged by name first: merely opening some devices acts on them (a tape rewinds).
        try FileFacts(of: path).requirePicture(path, limits: limits)
        let descriptor = path.withCString { Glibc.open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
        guard descriptor >= 0 else { throw .system(.read, path, errno: errno) }
        // And again by descriptor: between the two calls the name may have come to mean another file.
        do {
            let facts = try FileFacts(ofDescriptor: descriptor, path)
            try facts.requirePicture(path, limits: limits)
            return PictureFile(path: path, facts: facts, descriptor: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit {
        close(descriptor)
    }

    /// Reads the next bytes into `buffer`; zero at the end of the file.
    func read(into buffer: UnsafeMutableRawBufferPointer) throws(ThumbnailError) -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            if errno != EINTR { throw .system(.read, path, errno: errno) }
        }
    }
}
