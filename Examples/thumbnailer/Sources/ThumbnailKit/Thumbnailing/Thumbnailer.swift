/// Makes thumbnails, one picture at a time, on the calling thread.
///
/// Blocks while it reads, decodes and writes. Any number of threads may share one value; two that work on the same
/// picture at once both write it, and the last one's file stays.
public struct Thumbnailer: Sendable {
    /// Where thumbnails are kept.
    public let cache: ThumbnailCache
    /// The size that is made.
    public let size: ThumbnailSize
    /// What is too large to be decoded.
    public let limits: DecodeLimits
    /// Whether fresh thumbnails and fail entries are ignored and made again.
    public let again: Bool

    /// Creates a thumbnailer; touches no file.
    public init(
        cache: ThumbnailCache, size: ThumbnailSize = .large, limits: DecodeLimits = DecodeLimits(), again: Bool = false
    ) {
        self.cache = cache
        self.size = size
        self.limits = limits
        self.again = again
    }

    /// Makes the thumbnail of the picture at `path` unless a fresh one exists, and leaves either a whole file or none.
    ///
    /// Everything that can be wrong with the picture or the disk is an outcome. A picture whose content cannot be
    /// decoded leaves a fail entry and is reported from it the next time; nothing else does. So is one that took too much in a
    /// process of its own, for here nothing would end it.
    ///
    /// - Parameters:
    ///   - path: The picture; relative to the current folder unless absolute.
    ///   - checkpoint: Called on this thread before each piece of the file and between the stages (look up, open, decode,
    ///     scale, encode, write, publish). Whatever it throws ends the work with nothing left behind.
    /// - Throws: What `checkpoint` throws, unchanged, and nothing else.
    public func makeThumbnail(
        of path: RawPath, checkpoint: () throws -> Void = {}
    ) throws -> ThumbnailOutcome {
        let uri = ThumbnailCache.uri(of: path)
        // The wrapper tells a ThumbnailError that the checkpoint throws apart from one of ours.
        func wrapped() throws {
            do { try checkpoint() } catch { throw CheckpointError(underlying: error) }
        }
        do {
            let result = try result(for: path, uri: uri, checkpoint: wrapped)
            return ThumbnailOutcome(path: path, uri: uri, result: result)
        } catch let error as CheckpointError {
            throw error.underlying
        } catch let error as ThumbnailError {
            return ThumbnailOutcome(path: path, uri: uri, result: .failed(error))
        }
    }

    private struct CheckpointError: Error {
        let underlying: any Error
    }

    private func result(
        for path: RawPath, uri: String, checkpoint: () throws -> Void
    ) throws -> ThumbnailOutcome.Result {
        try checkpoint()
        if case .over(let result) = try lookUp(path, uri: uri) { return result }
        try checkpoint()
        let file = try PictureFile.open(path, limits: limits)
        let picture = try decode(file, uri: uri, checkpoint: checkpoint)
        return try store(picture, of: path, uri: uri, facts: file.facts, checkpoint: checkpoint)
    }

    private func decode(
        _ file: borrowing PictureFile, uri: String, checkpoint: () throws -> Void
    ) throws -> DecodedPicture {
        do {
            return try PictureDecoder(side: size.pixels, limits: limits).decode(file, checkpoint: checkpoint)
        } catch let error as ThumbnailError {
            throw remembering(error, uri: uri, facts: file.facts)
        }
    }
}
