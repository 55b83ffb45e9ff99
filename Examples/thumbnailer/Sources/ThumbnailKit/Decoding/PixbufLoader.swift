import CGdkPixbufSystem

/// One `GdkPixbufLoader`: takes a picture's bytes in pieces and judges its header before the pixels are allocated.
///
/// The loader gets bytes, never a name, so a picture that names other files (an SVG can) has no place to look for them.
/// Used by one thread from `init` to the end.
final class PixbufLoader {
    private enum Verdict {
        case undecided
        case accepted
        case tooManyPixels
        case tooMuchMemory
        case abandoned
    }

    /// The size the header gives, as soon as it has been read.
    private(set) var naturalSize: PixelSize?
    private let loader: UnsafeMutablePointer<GdkPixbufLoader>
    private let path: RawPath
    private let side: Int
    private let limits: DecodeLimits
    private var verdict = Verdict.undecided
    private var arrivedRows = ArrivedRows()

    init(path: RawPath, side: Int, limits: DecodeLimits) {
        self.path = path
        self.side = side
        self.limits = limits
        loader = gdk_pixbuf_loader_new()
        // proof: the loader is ours alone and dies in deinit, so the callbacks cannot outlive the unretained self.
        let context = Unmanaged.passUnretained(self).toOpaque()
        let sizePrepared: @convention(c) (OpaquePointer, Int32, Int32, UnsafeMutableRawPointer) -> Void = {
            // proof: the context is this loader, which lives until the callbacks are gone (above).
            Unmanaged<PixbufLoader>.fromOpaque($3).takeUnretainedValue()
                .judge(PixelSize(width: Int($1), height: Int($2)))
        }
        let areaUpdated: @convention(c) (OpaquePointer, Int32, Int32, Int32, Int32, UnsafeMutableRawPointer) -> Void = {
            // proof: the same.
            Unmanaged<PixbufLoader>.fromOpaque($5).takeUnretainedValue().arrivedRows.add(from: Int($2), count: Int($4))
        }
        // proof: GLib calls a handler of "size-prepared" with (loader, width, height, context).
        let sizeHandler = unsafeBitCast(sizePrepared, to: GCallback.self)
        // proof: GLib calls a handler of "area-updated" with (loader, x, y, width, height, context).
        let areaHandler = unsafeBitCast(areaUpdated, to: GCallback.self)
        g_signal_connect_data(loader, "size-prepared", sizeHandler, context, nil, GConnectFlags(0))
        g_signal_connect_data(loader, "area-updated", areaHandler, context, nil, GConnectFlags(0))
    }

    deinit {
        // Some loaders decode only when they are closed. Whatever they were going to do is no longer wanted.
        if verdict == .undecided { verdict = .abandoned }
        gdk_pixbuf_loader_close(loader, nil)
        g_object_unref(loader)
    }

    /// The MIME type of the format found in the content.
    var mimeType: String? {
        guard let format = gdk_pixbuf_loader_get_format(loader), let types = gdk_pixbuf_format_get_mime_types(format)
        else { return nil }
        defer { g_strfreev(types) }
        return types.pointee.map { String(cString: $0) }
    }

    /// Gives the loader the next bytes of the file.
    func feed(_ bytes: UnsafeRawBufferPointer) throws(ThumbnailError) {
        // proof: bytes of a file, which nobody reads as anything else.
        guard let start = bytes.bindMemory(to: UInt8.self).baseAddress else { return }
        var failure: UnsafeMutablePointer<GError>?
        let isTaken = gdk_pixbuf_loader_write(loader, start, gsize(bytes.count), &failure) != 0
        try conclude(isTaken, failure)
    }

    /// Says that all bytes were given, and returns the picture; of an animation the first frame.
    func finish() throws(ThumbnailError) -> Pixbuf {
        let arrived = arrivedRows
        var failure: UnsafeMutablePointer<GError>?
        let isClosed = gdk_pixbuf_loader_close(loader, &failure) != 0
        try conclude(isClosed, failure)
        guard let pixels = gdk_pixbuf_loader_get_pixbuf(loader) else {
            throw ThumbnailError(.undecodable, .decode, path, reason: "there is no picture in it")
        }
        // proof: the loader owns the reference it returned; this one is ours.
        let pixbuf = Pixbuf(owning: OpaquePointer(g_object_ref(UnsafeMutableRawPointer(pixels))))
        // A file of less than 4 KiB is sniffed and decoded as a whole by the close.
        let rows = arrived.count > 0 ? arrived.count : arrivedRows.count
        let height = pixbuf.size.height
        if let tolerance = toleratedRows(decodedHeight: height), rows + tolerance < height {
            throw ThumbnailError(
                .undecodable, .decode, path, reason: "the file is cut off after \(rows * 100 / height) % of the rows")
        }
        return pixbuf
    }

    /// Turns what a call of the loader left behind into an error. The verdict comes first: a refused picture also makes
    /// the loader fail, with a message about something else.
    private func conclude(_ isDone: Bool, _ failure: UnsafeMutablePointer<GError>?) throws(ThumbnailError) {
        defer { if let failure { g_error_free(failure) } }
        if verdict == .tooManyPixels, let size = naturalSize {
            throw ThumbnailError(
                .tooManyPixels, .decode, path,
                reason: "\(size.width) x \(size.height) pixels are more than the limit of \(limits.pixels)")
        }
        if verdict == .tooMuchMemory {
            throw ThumbnailError(.outOfMemory, .decode, path, reason: "its pixels take more memory than there is")
        }
        guard !isDone else { return }
        guard let failure else { throw ThumbnailError(.undecodable, .decode, path, reason: "the content is broken") }
        let reason = reason(of: failure.pointee)
        throw ThumbnailError(code(of: failure.pointee, saying: reason), .decode, path, reason: reason)
    }

    private func reason(of failure: GError) -> String {
        let message = String(cString: failure.message)
        // What libjpeg says of a file that ends before its first row.
        return message.contains("Improper call to JPEG library") ? "the file is cut off before the first row" : message
    }

    private func code(of failure: GError, saying reason: String) -> ThumbnailError.Code {
        // Some loaders have a code of their own for it, or call it a broken file: libtiff, librsvg.
        if reason.lowercased().contains("memory") { return .outOfMemory }
        guard failure.domain == gdk_pixbuf_error_quark() else { return .undecodable }
        switch UInt32(bitPattern: failure.code) {
        case GDK_PIXBUF_ERROR_INSUFFICIENT_MEMORY.rawValue: return .outOfMemory
        case GDK_PIXBUF_ERROR_UNKNOWN_TYPE.rawValue: return .unknownFormat
        default: return .undecodable
        }
    }
}

extension PixbufLoader {
    /// Called by the loader when it knows the picture's size and has not allocated its pixels.
    private func judge(_ size: PixelSize) {
        guard verdict == .undecided else {
            if verdict != .accepted { gdk_pixbuf_loader_set_size(loader, 0, 0) }
            return
        }
        naturalSize = size
        verdict = judgement(of: size)
        guard verdict == .accepted else {
            // A size of zero is how gdk_pixbuf_get_file_info itself makes a loader stop after the header.
            gdk_pixbuf_loader_set_size(loader, 0, 0)
            return
        }
        if let decoded = decodedSize(of: size), decoded != size {
            gdk_pixbuf_loader_set_size(loader, Int32(decoded.width), Int32(decoded.height))
        }
    }

    private func judgement(of size: PixelSize) -> Verdict {
        if isScalable { return .accepted }
        if size.area > limits.pixels { return .tooManyPixels }
        return limits.memory.map { expectedMemory(of: size) > $0 } ?? false ? .tooMuchMemory : .accepted
    }

    /// What its loader takes at the least, in bytes. A progressive JPEG takes six a pixel, and its header does not say that it
    /// is one.
    private func expectedMemory(of size: PixelSize) -> Int {
        let (pixels, bytes) =
            switch formatName {
            case "jpeg": ((decodedSize(of: size) ?? size).area, 3)
            // The pixels as the file has them, and those of gdk-pixbuf.
            case "tiff": (size.area, 7)
            default: (size.area, 4)
            }
        let product = pixels.multipliedReportingOverflow(by: bytes)
        return product.overflow ? .max : product.partialValue
    }

    /// The size to ask of the format's own loader; nil where it can only decode all pixels.
    ///
    /// A size that the format's loader does not produce exactly makes gdk-pixbuf scale on top of it, in one step that
    /// cannot be interrupted and with "area-updated" withheld. So JPEG is asked for what its DCT can do (1/2, 1/4, 1/8),
    /// the others for what they are, and the last step to the thumbnail's size is ours.
    private func decodedSize(of size: PixelSize) -> PixelSize? {
        let target = size.fitted(into: side)
        switch formatName {
        case "svg", "webp":
            return target
        case "jpeg":
            let halvings = [8, 4, 2].map { denominator in
                PixelSize(
                    width: (size.width + denominator - 1) / denominator,
                    height: (size.height + denominator - 1) / denominator)
            }
            return halvings.first { $0.width >= target.width && $0.height >= target.height }
        default:
            return nil
        }
    }

    private var isScalable: Bool {
        gdk_pixbuf_loader_get_format(loader).map { gdk_pixbuf_format_is_scalable($0) != 0 } ?? false
    }

    private var formatName: String? {
        guard let format = gdk_pixbuf_loader_get_format(loader), let name = gdk_pixbuf_format_get_name(format) else {
            return nil
        }
        defer { g_free(name) }
        return String(cString: name)
    }

    /// How many rows may be missing before the file counts as cut off; nil for formats whose loaders tell it themselves.
    ///
    /// The loaders named here call a file that ends too early a success. libjpeg holds back its last rows until it has
    /// seen the end marker (one MCU, at most 16 rows, and what its upsampling looks ahead), and pictures that lack only
    /// that marker are common and whole.
    private func toleratedRows(decodedHeight: Int) -> Int? {
        switch formatName {
        case "jpeg": max(4, 32 * decodedHeight / max(naturalSize?.height ?? 1, 1))
        case "png", "bmp", "pnm": 0
        default: nil
        }
    }
}
