import CGdkPixbufSystem

/// What one picture became: its pixels, shrunk and upright, and what its file said about itself.
package struct DecodedPicture: ~Copyable {
    let pixels: Pixbuf
    package let naturalSize: PixelSize
    package let mimeType: String?

    init(pixels: consuming Pixbuf, naturalSize: PixelSize, mimeType: String?) {
        self.pixels = pixels
        self.naturalSize = naturalSize
        self.mimeType = mimeType
    }

    /// Shows pixels that somebody else has decoded; nil when the layout is not one of pixels in so many bytes. `memory` has to
    /// outlive the value.
    package init?(
        showing memory: UnsafeRawBufferPointer, _ layout: PixelLayout, naturalSize: PixelSize, mimeType: String?
    ) {
        guard layout.fits(memory.count) else { return nil }
        let bytes = g_bytes_new_static(memory.baseAddress, gsize(memory.count))
        defer { g_bytes_unref(bytes) }
        let pixels = gdk_pixbuf_new_from_bytes(
            bytes, GDK_COLORSPACE_RGB, layout.hasAlpha ? 1 : 0, 8, Int32(layout.size.width), Int32(layout.size.height),
            Int32(layout.bytesARow))
        guard let pixels else { return nil }
        self.init(pixels: Pixbuf(owning: pixels), naturalSize: naturalSize, mimeType: mimeType)
    }

    /// How its pixels lie in memory.
    package var layout: PixelLayout {
        PixelLayout(
            size: pixels.size, hasAlpha: gdk_pixbuf_get_has_alpha(pixels.pointer) != 0,
            bytesARow: Int(gdk_pixbuf_get_rowstride(pixels.pointer)))
    }

    /// The pixels, valid inside the call.
    package func withPixels<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(
            UnsafeRawBufferPointer(start: gdk_pixbuf_read_pixels(pixels.pointer), count: layout.byteCount))
    }
}

/// How pixels of 8 bits a channel lie in memory: RGB or RGBA, row by row from the top.
package struct PixelLayout: Sendable, Hashable, Codable {
    package let size: PixelSize
    package let hasAlpha: Bool
    /// From the beginning of a row to that of the next.
    package let bytesARow: Int

    package init(size: PixelSize, hasAlpha: Bool, bytesARow: Int) {
        self.size = size
        self.hasAlpha = hasAlpha
        self.bytesARow = bytesARow
    }

    private var rowBytes: Int { size.width * (hasAlpha ? 4 : 3) }

    /// The last row ends with its last pixel.
    package var byteCount: Int { bytesARow * (size.height - 1) + rowBytes }

    /// The longest side a thumbnail has; what comes from another process is not believed.
    private static let sides = 1...ThumbnailSize.xxLarge.pixels

    private static let longestRow = 1 << 20

    /// Whether these are rows of pixels that so many bytes hold.
    package func fits(_ count: Int) -> Bool {
        Self.sides.contains(size.width) && Self.sides.contains(size.height)
            && (rowBytes...Self.longestRow).contains(bytesARow) && byteCount <= count
    }
}
