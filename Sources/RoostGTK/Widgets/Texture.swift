#if GTK
internal import CGTK

/// A decoded picture. A texture is immutable, and GTK documents it as safe to use from any thread.
// proof: the reference is owned by exactly one of these, and given back with it.
final class Texture: @unchecked Sendable {
    let pointer: OpaquePointer

    /// Reads and decodes a file; nil when it is no picture. Blocks.
    init?(uri: String) {
        guard let file = g_file_new_for_uri(uri) else { return nil }
        defer { g_object_unref(UnsafeMutableRawPointer(file)) }
        guard let pointer = gdk_texture_new_from_file(file, nil) else { return nil }
        self.pointer = pointer
    }

    /// Decodes what is in memory; nil when it is no picture. Takes as long as the picture is large.
    init?(_ bytes: [UInt8]) {
        let copy = g_bytes_new(bytes, gsize(bytes.count))
        defer { g_bytes_unref(copy) }
        guard let pointer = gdk_texture_new_from_bytes(copy, nil) else { return nil }
        self.pointer = pointer
    }

    deinit { g_object_unref(UnsafeMutableRawPointer(pointer)) }
}
#endif
