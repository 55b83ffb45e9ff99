import CGdkPixbufSystem

/// Owns one reference to a `GdkPixbuf`; gives it back when it goes out of scope, whichever way that is.
struct Pixbuf: ~Copyable {
    /// Valid as long as this value lives; must not be kept longer.
    let pointer: OpaquePointer

    /// Takes over a reference the caller owns.
    init(owning pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        g_object_unref(UnsafeMutableRawPointer(pointer))
    }

    var size: PixelSize {
        PixelSize(width: Int(gdk_pixbuf_get_width(pointer)), height: Int(gdk_pixbuf_get_height(pointer)))
    }

    /// A transparent picture of one pixel, the body of a fail entry; nil when there is no memory.
    static func singlePixel() -> Pixbuf? {
        guard let pointer = gdk_pixbuf_new(GDK_COLORSPACE_RGB, 1, 8, 1, 1) else { return nil }
        gdk_pixbuf_fill(pointer, 0)
        return Pixbuf(owning: pointer)
    }

    /// This picture at most `side` pixels wide and high, turned upright as its EXIF orientation asks; nil when there
    /// is no memory.
    ///
    /// - Parameter checkpoint: Called between bands of the result, each made of about a megapixel of this picture: to
    ///   shrink 40 megapixels in one call takes a quarter of a second.
    consuming func thumbnail(side: Int, checkpoint: () throws -> Void) throws -> Pixbuf? {
        let target = size.fitted(into: side)
        guard target != size else { return upright() }
        // What is at least four times too large is averaged to about twice first: gdk-pixbuf's scaling takes five times as
        // long.
        let factor = min(size.width / target.width / 2, size.height / target.height / 2, Pixbuf.largestFactor)
        let scaled =
            if let reduced = try reduced(by: factor, checkpoint: checkpoint) {
                try reduced.scaled(to: target, from: size, reducedBy: factor, checkpoint: checkpoint)
            } else {
                try scaled(to: target, from: size, reducedBy: 1, checkpoint: checkpoint)
            }
        guard let scaled else { return nil }
        // Scaling drops the options, and the orientation is one of them.
        gdk_pixbuf_copy_options(pointer, scaled.pointer)
        return scaled.upright()
    }

    /// - Parameter natural: The size before it was reduced by `factor`; its last row and column may be blocks cut short.
    private func scaled(
        to target: PixelSize, from natural: PixelSize, reducedBy factor: Int, checkpoint: () throws -> Void
    ) throws -> Pixbuf? {
        guard let scaled = Pixbuf.empty(target, like: self) else { return nil }
        let bandHeight = max(1, target.height * Pixbuf.bandArea / size.area)
        for row in stride(from: 0, to: target.height, by: bandHeight) {
            try checkpoint()
            // Bilinear is what gdk-pixbuf's own loader and every thumbnailer on it use; it averages when it shrinks.
            let height = min(bandHeight, target.height - row)
            gdk_pixbuf_scale(
                pointer, scaled.pointer, 0, Int32(row), Int32(target.width), Int32(height), 0, 0,
                Double(target.width * factor) / Double(natural.width),
                Double(target.height * factor) / Double(natural.height), GDK_INTERP_BILINEAR)
        }
        return scaled
    }

    /// A picture of this size with pixels of the same kind, which are not set; nil when there is no memory.
    static func empty(_ size: PixelSize, like other: borrowing Pixbuf) -> Pixbuf? {
        gdk_pixbuf_new(
            gdk_pixbuf_get_colorspace(other.pointer), gdk_pixbuf_get_has_alpha(other.pointer), 8, Int32(size.width),
            Int32(size.height)
        ).map(Pixbuf.init(owning:))
    }

    /// Pixels of the picture that go into one band.
    static let bandArea = 1 << 20

    /// Turning is left for the small picture: it moves every pixel.
    private consuming func upright() -> Pixbuf? {
        gdk_pixbuf_apply_embedded_orientation(pointer).map(Pixbuf.init(owning:))
    }
}
