import Glibc

extension ThumbnailCache {
    /// Writes the thumbnail of `picture` and forgets that it once could not be decoded.
    func store(
        _ picture: borrowing DecodedPicture, uri: String, facts: FileFacts, size: ThumbnailSize,
        checkpoint: () throws -> Void
    ) throws -> RawPath {
        let target = thumbnailPath(forURI: uri, size: size)
        var texts = commonTexts(uri: uri, facts: facts)
        texts.append((TextKey.width, String(picture.naturalSize.width)))
        texts.append((TextKey.height, String(picture.naturalSize.height)))
        if let mimeType = picture.mimeType { texts.append((TextKey.mimeType, mimeType)) }
        try checkpoint()
        let png = try EncodedPNG(picture.pixels, texts: texts, reporting: target)
        try writer.write(png, to: target, checkpoint: checkpoint)
        _ = failPath(forURI: uri).withCString { unlink($0) }
        return target
    }

    /// Leaves a fail entry, so that the next run and other programs need not try the same bytes again.
    ///
    /// Best effort: when it cannot be written, the next run tries the picture again, which is no worse than now; the
    /// failure worth reporting is the picture's own.
    func storeFailure(_ failure: ThumbnailError, uri: String, facts: FileFacts) {
        guard let pixels = Pixbuf.singlePixel() else { return }
        let target = failPath(forURI: uri)
        // A text chunk holds Latin-1 only.
        let reason = String(String.UnicodeScalarView(failure.reason.unicodeScalars.map { $0.isASCII ? $0 : "?" }))
        var texts = commonTexts(uri: uri, facts: facts)
        texts += [(TextKey.reason, reason), (TextKey.code, failure.code.description)]
        if let limit = failure.limit { texts.append((TextKey.limit, limit.description)) }
        try? writer.write(EncodedPNG(pixels, texts: texts, reporting: target), to: target, checkpoint: {})
    }

    private func commonTexts(uri: String, facts: FileFacts) -> [(key: String, value: String)] {
        [
            (TextKey.uri, uri), (TextKey.modified, String(facts.modifiedSeconds)),
            (TextKey.byteCount, String(facts.byteCount)), (TextKey.software, software),
        ]
    }
}
