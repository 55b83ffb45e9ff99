/// The length that a WebP file states for itself.
///
/// The WebP loader takes a file that ends early for a whole one, and an animation that does for a reason to print
/// warnings, so the length is compared before it sees a byte.
enum WebPHeader {
    /// The length in bytes stated by a file that starts with `bytes`; nil for every other format.
    ///
    /// https://developers.google.com/speed/webp/docs/riff_container: "RIFF", the length of what follows, "WEBP".
    static func statedLength(_ bytes: UnsafeRawBufferPointer) -> Int? {
        guard bytes.count >= 12, bytes[0..<4].elementsEqual("RIFF".utf8), bytes[8..<12].elementsEqual("WEBP".utf8)
        else { return nil }
        return 8 + Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self)))
    }

    /// Throws when the file is shorter than it says; the padding byte at the end may be missing.
    static func requireWhole(
        _ bytes: UnsafeRawBufferPointer, of file: borrowing PictureFile
    ) throws(ThumbnailError) {
        guard let length = statedLength(bytes), file.facts.byteCount + 1 < length else { return }
        throw ThumbnailError(
            .undecodable, .decode, file.path,
            reason: "the file is cut off after \(file.facts.byteCount) of \(length) bytes")
    }
}
