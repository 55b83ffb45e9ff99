import Runtime

/// A backtrace in the form in which Swift's runtime stores one: it names only what was captured in its own process, or was stored.
///
/// The form is "Compact Backtrace Format" (docs/CompactBacktraceFormat.md of the Swift project), and with it the images in a like form.
struct StoredBacktrace {
    var addresses: [(address: UInt64, isReturnAddress: Bool)]
    var images: [(path: String, start: UInt64, end: UInt64)]

    func backtrace() throws -> Backtrace {
        try Backtrace(
            from: TextDecoder(fields: [
                "architecture": Self.architecture, "backtrace": Self.base64(encodedAddresses),
                "imageMap": Self.base64(encodedImages),
            ]))
    }

    private static var architecture: String {
        #if arch(x86_64)
        "x86_64"
        #elseif arch(arm64)
        "arm64"
        #else
        "unknown"
        #endif
    }

    /// 64-bit words; places and return addresses, each absolute, of 8 bytes.
    private var encodedAddresses: [UInt8] {
        var bytes: [UInt8] = [0b10]
        for (address, isReturnAddress) in addresses {
            bytes.append(isReturnAddress ? 0x2F : 0x1F)
            bytes += Self.bigEndian(address)
        }
        return bytes + [0]
    }

    private var encodedImages: [UInt8] {
        let platform = Array("Linux".utf8)
        var bytes: [UInt8] = [0b10, UInt8(platform.count)] + platform
        let count = min(images.count, 1 << 14 - 1)
        if count > 127 { bytes.append(UInt8(count >> 7) | 0x80) }
        bytes.append(UInt8(count & 0x7F))
        for image in images.prefix(count) {
            bytes.append(0b0011_1111)
            bytes += Self.bigEndian(image.start) + Self.bigEndian(image.end - image.start)
            bytes.append(0)
            // In pieces of less than 64 bytes.
            var path = Array(image.path.utf8)[...]
            while !path.isEmpty {
                let piece = path.prefix(63)
                bytes.append(UInt8(piece.count))
                bytes += piece
                path = path.dropFirst(piece.count)
            }
            bytes.append(0)
        }
        return bytes
    }

    private static func bigEndian(_ number: UInt64) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }

    private static func base64(_ bytes: [UInt8]) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
            for place in 0..<4 {
                text.append(place <= group.count ? digits[word >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
            }
        }
        return String(decoding: text, as: UTF8.self)
    }
}

/// Gives the values of an object of texts, and nothing else.
private struct TextDecoder: Decoder {
    var fields: [String: String]
    var codingPath: [any CodingKey] { [] }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy: Key.Type) -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(Fields<Key>(decoder: self))
    }
    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { throw Self.unexpected("a list") }
    func singleValueContainer() throws -> any SingleValueDecodingContainer { throw Self.unexpected("a value alone") }

    static func unexpected(_ what: String) -> DecodingError {
        .dataCorrupted(.init(codingPath: [], debugDescription: "the runtime asks a stored backtrace for \(what)"))
    }

    struct Fields<Key: CodingKey>: KeyedDecodingContainerProtocol {
        let decoder: TextDecoder
        var codingPath: [any CodingKey] { [] }
        var allKeys: [Key] { decoder.fields.keys.compactMap(Key.init(stringValue:)) }

        func contains(_ key: Key) -> Bool { decoder.fields[key.stringValue] != nil }
        func decodeNil(forKey key: Key) -> Bool { !contains(key) }
        func decode(_: String.Type, forKey key: Key) throws -> String {
            guard let text = decoder.fields[key.stringValue] else { throw TextDecoder.unexpected(key.stringValue) }
            return text
        }
        func decode<Value: Decodable>(_: Value.Type, forKey key: Key) throws -> Value {
            guard let text = try decode(String.self, forKey: key) as? Value else {
                throw TextDecoder.unexpected("\(Value.self)")
            }
            return text
        }
        func nestedContainer<Nested: CodingKey>(
            keyedBy: Nested.Type, forKey key: Key
        ) throws -> KeyedDecodingContainer<Nested> { throw TextDecoder.unexpected("an object") }
        func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
            throw TextDecoder.unexpected("a list")
        }
        func superDecoder() throws -> any Decoder { decoder }
        func superDecoder(forKey key: Key) throws -> any Decoder { decoder }
    }
}
