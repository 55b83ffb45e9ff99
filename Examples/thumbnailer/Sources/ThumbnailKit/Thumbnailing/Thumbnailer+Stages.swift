/// The stages of a thumbnail, for whoever has the one in the middle done elsewhere: look up, decode, store.
extension Thumbnailer {
    /// What there is to do for a picture.
    package enum Lookup: Sendable {
        /// Nothing.
        case over(ThumbnailOutcome.Result)
        /// It has to be decoded; what the file system says of its file.
        case needed(FileFacts)
    }

    /// What is known of a picture before it is opened.
    ///
    /// - Parameter hasMore: Whether there is more now than the limit that an earlier run's decoding went over: then it is tried again.
    package func lookUp(
        _ path: RawPath, uri: String, hasMore: (_ than: ThumbnailError.Limit) -> Bool = { _ in false }
    ) throws(ThumbnailError) -> Lookup {
        if cache.contains(path) {
            throw ThumbnailError(.insideThumbnails, .read, path, reason: "it is in the folder of thumbnails itself")
        }
        let facts = try FileFacts(of: path)
        guard !again else { return .needed(facts) }
        switch cache.known(uri: uri, facts: facts, size: size) {
        case .nothing: return .needed(facts)
        case .thumbnail: return .over(.fresh)
        case .failure(let code, let reason, let limit):
            if let limit, hasMore(limit) { return .needed(facts) }
            return .over(.failed(ThumbnailError(code, .decode, path, reason: reason, limit: limit, isRemembered: true)))
        }
    }

    /// Writes the thumbnail of a picture whose file was in this state when it was read, and still is.
    ///
    /// - Parameter checkpoint: As in ``makeThumbnail(of:checkpoint:)``.
    package func store(
        _ picture: borrowing DecodedPicture, of path: RawPath, uri: String, facts: FileFacts,
        checkpoint: () throws -> Void
    ) throws -> ThumbnailOutcome.Result {
        try facts.requireUnchanged(path)
        let target = try cache.store(picture, uri: uri, facts: facts, size: size, checkpoint: checkpoint)
        return .made(.init(path: target, size: picture.pixels.size, naturalSize: picture.naturalSize))
    }

    /// The failure of a picture whose file was in this state; one that lies in its content leaves a fail entry.
    package func remembering(_ error: ThumbnailError, uri: String, facts: FileFacts) -> ThumbnailError {
        guard error.code.isPermanent else { return error }
        // A file that was written to meanwhile is not broken, it was caught halfway; that failure comes first.
        do throws(ThumbnailError) { try facts.requireUnchanged(error.path) } catch { return error }
        cache.storeFailure(error, uri: uri, facts: facts)
        return error
    }
}
