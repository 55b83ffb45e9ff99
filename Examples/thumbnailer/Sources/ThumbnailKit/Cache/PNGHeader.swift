import Glibc

/// What stands before the pixels of a PNG file: its size and its `tEXt` chunks.
///
/// Reads a few kilobytes, never the pixels. Any damage (wrong signature, a length that leads outside, a missing end)
/// makes the whole file unknown, which makes its thumbnail stale; nothing here fails louder than that.
struct PNGHeader {
    private(set) var texts: [String: String] = [:]

    /// Where the search for text chunks ends; thumbnails carry a few hundred bytes of them.
    private static let byteLimit = 64 << 10
    private static let firstRead = 4 << 10
    private static let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    private static let end: [UInt8] = [0, 0, 0, 0, 0x49, 0x45, 0x4E, 0x44, 0xAE, 0x42, 0x60, 0x82]

    /// The header of the PNG file at `path`; nil when there is none, or it is damaged.
    init?(path: RawPath) {
        let descriptor = path.withCString { open($0, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY) }
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard let facts = try? FileFacts(ofDescriptor: descriptor, path), facts.isRegularFile else { return nil }
        // A file cut off by a crash has a good header and no end.
        let endOffset = facts.byteCount - PNGHeader.end.count
        guard endOffset > 0,
            PNGHeader.bytes(of: descriptor, at: endOffset, count: PNGHeader.end.count) == PNGHeader.end
        else { return nil }
        for limit in [PNGHeader.firstRead, PNGHeader.byteLimit] {
            let bytes = PNGHeader.bytes(of: descriptor, at: 0, count: limit)
            switch PNGHeader.parse(bytes) {
            case .found(let texts):
                self.texts = texts
                return
            case .needsMore where bytes.count == limit: continue
            case .needsMore, .damaged: return nil
            }
        }
        return nil
    }

    enum Parsed: Equatable {
        case found([String: String])
        case needsMore
        case damaged
    }

    /// The text chunks before the first `IDAT` of a file that starts with `bytes`.
    static func parse(_ bytes: [UInt8]) -> Parsed {
        guard bytes.count >= signature.count else { return .damaged }
        guard bytes.starts(with: signature) else { return .damaged }
        var texts: [String: String] = [:]
        var offset = signature.count
        while offset + 8 <= bytes.count {
            let length = bytes[offset..<(offset + 4)].reduce(0) { $0 << 8 | Int($1) }
            let name = bytes[(offset + 4)..<(offset + 8)]
            // The PNG specification limits a length to 2^31 - 1, so the sums below cannot overflow.
            guard length <= Int(Int32.max) else { return .damaged }
            if offset == signature.count, !name.elementsEqual("IHDR".utf8) || length != 13 { return .damaged }
            if name.elementsEqual("IDAT".utf8) { return .found(texts) }
            let body = offset + 8
            // Length and name are followed by the body and four bytes of checksum.
            guard body + length + 4 <= bytes.count else { return .needsMore }
            if name.elementsEqual("tEXt".utf8), let (key, value) = text(bytes[body..<(body + length)]) {
                texts[key] = value
            }
            offset = body + length + 4
        }
        return .needsMore
    }

    /// Key and value of a `tEXt` chunk, a zero byte between them. Latin-1, whose bytes are the first 256 scalars.
    private static func text(_ body: ArraySlice<UInt8>) -> (String, String)? {
        guard let zero = body.firstIndex(of: 0) else { return nil }
        func decoded(_ bytes: ArraySlice<UInt8>) -> String {
            var text = ""
            text.unicodeScalars.append(contentsOf: bytes.lazy.map { Unicode.Scalar($0) })
            return text
        }
        return (decoded(body[..<zero]), decoded(body[(zero + 1)...]))
    }

    /// Up to `count` bytes from `offset` on; fewer at the end of the file or on an error.
    private static func bytes(of descriptor: Int32, at offset: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            // proof: pread writes at most buffer.count - filled bytes, and filled counts exactly those.
            while filled < count {
                let got = pread(descriptor, buffer.baseAddress! + filled, count - filled, off_t(offset + filled))
                if got < 0, errno == EINTR { continue }
                if got <= 0 { return }
                filled += got
            }
        }
    }
}
