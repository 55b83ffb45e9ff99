import CGdkPixbufSystem

/// The file name endings that gdk-pixbuf has a picture loader for on this machine.
public struct PictureFormats: Sendable {
    /// Endings in lower case without the leading dot, such as `jpg` and `svg.gz`.
    public let extensions: Set<String>

    /// Takes exactly these endings, in any case, without the leading dot.
    public init(extensions: some Sequence<String>) {
        self.extensions = Set(extensions.map { $0.lowercased() })
    }

    /// The endings of every installed and enabled loader whose MIME types are pictures.
    public static func supported() -> PictureFormats {
        var extensions: [String] = []
        let formats = gdk_pixbuf_get_formats()
        defer { g_slist_free(formats) }
        var next = formats
        while let node = next {
            // proof: the list holds GdkPixbufFormat pointers that live as long as the library.
            let format = OpaquePointer(node.pointee.data)
            if gdk_pixbuf_format_is_disabled(format) == 0,
                strings(gdk_pixbuf_format_get_mime_types(format)).contains(where: { $0.hasPrefix("image/") })
            {
                extensions += strings(gdk_pixbuf_format_get_extensions(format))
            }
            next = node.pointee.next
        }
        return PictureFormats(extensions: extensions)
    }

    /// Whether a file of this name is worth opening. The content is judged later, by the decoder.
    public func includes(fileName: some Collection<UInt8>) -> Bool {
        // Endings are ASCII, so a name of any encoding can be cut at its dots.
        let parts = fileName.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard let last = parts.last, parts.count > 1 else { return false }
        let ending = PictureFormats.lowercased(last)
        if extensions.contains(ending) { return true }
        return parts.count > 2
            && extensions.contains(PictureFormats.lowercased(parts[parts.count - 2]) + "." + ending)
    }

    private static func lowercased(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Array(bytes), as: UTF8.self).lowercased()
    }

    /// Copies and frees a nil-terminated array of C strings.
    private static func strings(_ array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        guard let array else { return [] }
        defer { g_strfreev(array) }
        return (0...).lazy.map { array[$0] }.prefix { $0 != nil }.map { String(cString: $0!) }
    }
}
