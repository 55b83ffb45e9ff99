extension ThumbnailCache {
    /// What the cache knows about a picture in its present state.
    enum Known: Equatable {
        /// Neither a thumbnail nor a fail entry, or only ones of an older state.
        case nothing
        /// The thumbnail is the picture's.
        case thumbnail
        /// An earlier run could not decode it, for this reason.
        case failure(ThumbnailError.Code, reason: String, limit: ThumbnailError.Limit?)
    }

    /// Looks for the thumbnail, then for the fail entry; reads only headers.
    func known(uri: String, facts: FileFacts, size: ThumbnailSize) -> Known {
        if let texts = PNGHeader(path: thumbnailPath(forURI: uri, size: size))?.texts,
            matches(texts, uri: uri, facts: facts)
        {
            return .thumbnail
        }
        if let texts = PNGHeader(path: failPath(forURI: uri))?.texts, matches(texts, uri: uri, facts: facts) {
            return .failure(
                texts[TextKey.code].flatMap(ThumbnailError.Code.init(inEntry:)) ?? .failedBefore,
                reason: texts[TextKey.reason] ?? "it could not be decoded",
                limit: texts[TextKey.limit].flatMap(ThumbnailError.Limit.init))
        }
        return .nothing
    }

    /// The standard's rule is equal URI and equal time in whole seconds. The size, where it is noted, must be equal as
    /// well: a file that is still being copied changes twice in one second, and its first half must not pass for it.
    private func matches(_ texts: [String: String], uri: String, facts: FileFacts) -> Bool {
        guard texts[TextKey.uri] == uri, texts[TextKey.modified] == String(facts.modifiedSeconds) else { return false }
        return texts[TextKey.byteCount].map { $0 == String(facts.byteCount) } ?? true
    }
}

/// The keys of the text chunks; all but the last three are the standard's.
enum TextKey {
    static let uri = "Thumb::URI"
    static let modified = "Thumb::MTime"
    static let byteCount = "Thumb::Size"
    static let mimeType = "Thumb::Mimetype"
    static let width = "Thumb::Image::Width"
    static let height = "Thumb::Image::Height"
    static let software = "Software"
    static let reason = "Roost::Reason"
    static let code = "Roost::Code"
    static let limit = "Roost::Limit"
}
