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
        let natural = size
        let target = natural.fitted(into: side)
        guard target != natural else { return upright() }
        guard
            let pixels = gdk_pixbuf_new(
                gdk_pixbuf_get_colorspace(pointer), gdk_pixbuf_get_has_alpha(pointer), 8, Int32(target.width),
                Int32(target.height))
        else { return nil }
        let scaled = Pixbuf(owning: pixels)
        let bandHeight = max(1, target.height * Pixbuf.bandArea / natural.area)
        for row in stride(from: 0, to: target.height, by: bandHeight) {
            try checkpoint()
            // Bilinear is what gdk-pixbuf's own loader and every thumbnailer on it use; it averages when it shrinks.
            let height = min(bandHeight, target.height - row)
            gdk_pixbuf_scale(
                pointer, scaled.pointer, 0, Int32(row), Int32(target.width), Int32(height), 0, 0,
                Double(target.width) / Double(natural.width), Double(target.height) / Double(natural.height),
                GDK_INTERP_BILINEAR)
        }
        // Scaling drops the options, and the orientation is one of them.
        gdk_pixbuf_copy_options(pointer, scaled.pointer)
        return scaled.upright()
    }

    /// Pixels of the picture that go into one band.
    private static let bandArea = 1 << 20

    /// Turning is left for the small picture: it moves every pixel.
    private consuming func upright() -> Pixbuf? {
        gdk_pixbuf_apply_embedded_orientation(pointer).map(Pixbuf.init(owning:))
    }
}
