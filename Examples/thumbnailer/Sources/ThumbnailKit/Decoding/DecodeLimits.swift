/// How large a picture may be before it is refused unread.
///
/// A few hundred bytes can claim any number of pixels (a PNG of 623 megapixels takes 2.5 GB in gdk-pixbuf), so the
/// header's numbers are judged before the pixels are allocated.
public struct DecodeLimits: Sendable, Hashable, Codable {
    /// The most pixels a picture may have. Vector pictures are exempt: they are drawn at the thumbnail's size.
    public var pixels: Int
    /// The most bytes a file may have.
    public var bytes: Int
    /// The most memory that decoding may take by what the header says; nil for any. A picture that would take more fails
    /// as `outOfMemory`, before its pixels are allocated.
    package var memory: Int?

    /// Creates limits.
    ///
    /// - Parameters:
    ///   - pixels: 128 Mi by default: the 102-megapixel cameras people own pass, and at four bytes a pixel one picture
    ///     being decoded takes no more than 512 MiB.
    ///   - bytes: 512 MiB by default: what the largest allowed picture takes uncompressed.
    public init(pixels: Int = 128 << 20, bytes: Int = 512 << 20) {
        self.pixels = pixels
        self.bytes = bytes
    }
}
