import CGdkPixbufSystem
import Foundation
import Glibc
import Synchronization
import Testing

@testable import ThumbnailKit

/// A folder of its own for one test: `pictures`, and `cache` for the thumbnails. Removed with the value.
final class Fixture: Sendable {
    let folder: RawPath
    let pictures: RawPath
    let cache: ThumbnailCache

    init(door: WritingDoor = WritingDoor(), root: RawPath? = nil) throws {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/thumbnail-kit-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        folder = RawPath(cString: template).resolved()
        pictures = folder.appending("pictures")
        #expect(pictures.withCString { mkdir($0, 0o755) } == 0)
        var cache = ThumbnailCache(root: root ?? folder.appending("cache"), application: "kit", version: "1.2")
        cache.writer.door = door
        self.cache = cache
    }

    deinit {
        // Foundation deletes names of any encoding through the folder above them.
        try? FileManager.default.removeItem(atPath: folder.printable)
    }

    func thumbnailer(
        _ size: ThumbnailSize = .normal, limits: DecodeLimits = DecodeLimits(), again: Bool = false
    ) -> Thumbnailer {
        Thumbnailer(cache: cache, size: size, limits: limits, again: again)
    }

    /// Every file below the cache, relative to it, sorted.
    func cacheFiles() -> [String] {
        let files = FileManager.default.enumerator(atPath: cache.root.printable)?.compactMap { $0 as? String } ?? []
        return files.filter { !isFolder(cache.root.appending($0)) }.sorted()
    }

    private func isFolder(_ path: RawPath) -> Bool {
        var status = stat()
        return path.withCString { lstat($0, &status) } == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}

extension RawPath {
    func write(_ bytes: some Sequence<UInt8>) throws {
        let bytes = Array(bytes)
        let descriptor = withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        try #require(bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) } == bytes.count)
    }

    func contents() throws -> [UInt8] {
        let descriptor = withCString { open($0, O_RDONLY) }
        try #require(descriptor >= 0)
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            try #require(count >= 0)
            if count == 0 { return result }
            result += buffer[..<count]
        }
    }

    func setModified(seconds: Int) {
        let times = [timespec(tv_sec: seconds, tv_nsec: 5), timespec(tv_sec: seconds, tv_nsec: 5)]
        #expect(withCString { utimensat(AT_FDCWD, $0, times, 0) } == 0)
    }

    var mode: mode_t {
        var status = stat()
        return withCString { stat($0, &status) } == 0 ? status.st_mode & 0o7777 : 0
    }

    var exists: Bool { withCString { access($0, F_OK) } == 0 }
}

/// Small real pictures.
enum Picture {
    /// A picture whose left half is red and whose right half is blue, encoded by gdk-pixbuf.
    static func bytes(_ format: String, width: Int32 = 300, height: Int32 = 200) -> [UInt8] {
        let pixels = gdk_pixbuf_new(GDK_COLORSPACE_RGB, 0, 8, width, height)!
        defer { g_object_unref(UnsafeMutableRawPointer(pixels)) }
        gdk_pixbuf_fill(pixels, 0xFF00_00FF)
        let right = gdk_pixbuf_new_subpixbuf(pixels, width / 2, 0, width - width / 2, height)!
        gdk_pixbuf_fill(right, 0x0000_FFFF)
        g_object_unref(UnsafeMutableRawPointer(right))
        return encoded(pixels, format)
    }

    private static func encoded(_ pixels: OpaquePointer, _ format: String) -> [UInt8] {
        var start: UnsafeMutablePointer<CChar>?
        var count: gsize = 0
        #expect(gdk_pixbuf_save_to_bufferv(pixels, &start, &count, format, nil, nil, nil) != 0)
        defer { g_free(start) }
        return Array(UnsafeRawBufferPointer(start: start, count: Int(count)))
    }

    /// A picture that does not compress, so that its file takes several pieces to read.
    static func noise(_ format: String, width: Int32, height: Int32) -> [UInt8] {
        let pixels = gdk_pixbuf_new(GDK_COLORSPACE_RGB, 0, 8, width, height)!
        defer { g_object_unref(UnsafeMutableRawPointer(pixels)) }
        let start = gdk_pixbuf_get_pixels(pixels)!
        var state: UInt64 = 42
        for offset in 0..<Int(gdk_pixbuf_get_byte_length(pixels)) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            start[offset] = UInt8(state >> 56)
        }
        return encoded(pixels, format)
    }

    /// A JPEG with an EXIF orientation, put in as the first segment.
    static func jpeg(orientation: UInt8, width: Int32, height: Int32) -> [UInt8] {
        let tiff: [UInt8] =
            Array("II".utf8) + [0x2A, 0, 8, 0, 0, 0] + [1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0]
            + [0, 0, 0, 0]
        let body = Array("Exif".utf8) + [0, 0] + tiff
        let jpeg = bytes("jpeg", width: width, height: height)
        return [0xFF, 0xD8, 0xFF, 0xE1, 0, UInt8(body.count + 2)] + body + jpeg.dropFirst(2)
    }

    /// A GIF that claims 60000 × 60000 pixels in some forty bytes.
    static let hugeGIF: [UInt8] =
        Array("GIF89a".utf8) + [0x60, 0xEA, 0x60, 0xEA, 0xF0, 0, 0, 0, 0, 0, 0, 0, 0]
        + [0x2C, 0, 0, 0, 0, 0x60, 0xEA, 0x60, 0xEA, 0, 2, 2, 0x44, 1, 0, 0x3B]

    /// An SVG of the given size in the colour teal, with `inside` between its tags.
    static func svg(width: Int, height: Int, inside: String = "") -> [UInt8] {
        Array(
            """
            <svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" \
            width="\(width)" height="\(height)"><rect width="\(width)" height="\(height)" fill="teal"/>\(inside)</svg>
            """.utf8)
    }

    /// Red, green and blue of one pixel of the picture at `path`.
    static func colour(of path: RawPath, x: Int, y: Int) throws -> [UInt8] {
        let pixels = try #require(path.withCString { gdk_pixbuf_new_from_file($0, nil) })
        defer { g_object_unref(UnsafeMutableRawPointer(pixels)) }
        let offset = y * Int(gdk_pixbuf_get_rowstride(pixels)) + x * Int(gdk_pixbuf_get_n_channels(pixels))
        let start = gdk_pixbuf_get_pixels(pixels)!
        return (0..<3).map { start[offset + $0] }
    }
}

extension ThumbnailOutcome {
    var made: Thumbnail? {
        if case .made(let thumbnail) = result { thumbnail } else { nil }
    }

    var failure: ThumbnailError? {
        if case .failed(let error) = result { error } else { nil }
    }
}
