import CGdkPixbufSystem
import Glibc

/// The bytes of one PNG file with its text chunks, in memory.
///
/// Encoded to memory first and written with one call: a thumbnail is some tens of kilobytes, and the file system sees
/// either all of it or an error.
struct EncodedPNG: ~Copyable {
    private let start: UnsafeMutablePointer<CChar>
    private let count: Int

    /// Encodes `pixels` at deflate level 1: a third of the time of level 6 for a tenth more bytes.
    ///
    /// - Parameter texts: Keys of at most 79 characters and values in ASCII, written as `tEXt` chunks before the pixels.
    init(
        _ pixels: borrowing Pixbuf, texts: [(key: String, value: String)], reporting path: RawPath
    ) throws(ThumbnailError) {
        var bytes: UnsafeMutablePointer<CChar>?
        var count: gsize = 0
        var failure: UnsafeMutablePointer<GError>?
        let keys = CStringArray(["compression"] + texts.map { "tEXt::" + $0.key })
        let values = CStringArray(["1"] + texts.map(\.value))
        let isSaved = gdk_pixbuf_save_to_bufferv(
            pixels.pointer, &bytes, &count, "png", keys.pointer, values.pointer, &failure)
        guard isSaved != 0, let bytes else {
            let reason = failure.map { String(cString: $0.pointee.message) } ?? "the PNG could not be encoded"
            if let failure { g_error_free(failure) }
            throw ThumbnailError(.system, .write, path, reason: reason)
        }
        self.start = bytes
        self.count = Int(count)
    }

    deinit {
        g_free(start)
    }

    /// The file's bytes, valid inside the call.
    func withBytes<Result>(
        _ body: (UnsafeRawBufferPointer) throws(ThumbnailError) -> Result
    ) throws(ThumbnailError)
        -> Result
    {
        try body(UnsafeRawBufferPointer(start: start, count: count))
    }
}

/// A nil-terminated array of C strings, freed together.
private struct CStringArray: ~Copyable {
    let pointer: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
    private let count: Int

    init(_ strings: [String]) {
        count = strings.count
        pointer = .allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            (pointer + index).initialize(to: strdup(string))
        }
        (pointer + strings.count).initialize(to: nil)
    }

    deinit {
        for index in 0..<count { free(pointer[index]) }
        pointer.deinitialize(count: count + 1)
        pointer.deallocate()
    }
}
