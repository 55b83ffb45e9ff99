/// Reads JSON from front to back and keeps nothing that it is not asked for. It never fails halfway: from the first damage
/// on nothing more is found, and who reads keeps what was there before.
struct JSONReader {
    private let bytes: [UInt8]
    private let end: Int
    private(set) var position = 0
    /// The first thing that could not be read.
    private(set) var damage: BacktraceFormatError?
    private var depth = 0

    private static let deepest = 64

    init(_ bytes: [UInt8], limit: Int) {
        self.bytes = bytes
        end = min(bytes.count, limit)
    }

    /// Calls the body with each key of the object that begins here; what the body does not read is skipped. Of another
    /// value nothing is called. False unless it was an object that was read to its end.
    @discardableResult
    mutating func members(_ body: (_ key: String, _ reader: inout JSONReader) -> Void) -> Bool {
        skipSpace()
        guard enter(UInt8(ascii: "{")) else { return false }
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return true }
        while damage == nil {
            skipSpace()
            guard let key = string(limit: 64), expect(UInt8(ascii: ":")) else { break }
            skipSpace()
            let before = position
            body(key, &self)
            if position == before { skip() }
            if take(UInt8(ascii: "}")) { return true }
            guard expect(UInt8(ascii: ",")) else { break }
        }
        return false
    }

    /// The same for the elements of a list.
    @discardableResult
    mutating func elements(_ body: (_ reader: inout JSONReader) -> Void) -> Bool {
        skipSpace()
        guard enter(UInt8(ascii: "[")) else { return false }
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return true }
        while damage == nil {
            skipSpace()
            let before = position
            body(&self)
            if position == before { skip() }
            if take(UInt8(ascii: "]")) { return true }
            guard expect(UInt8(ascii: ",")) else { break }
        }
        return false
    }

    /// The text that begins here, of a long one the beginning; nil for any other value.
    mutating func text(limit: Int = 1_000) -> String? {
        skipSpace()
        guard next == UInt8(ascii: "\"") else { return nil }
        return string(limit: limit)
    }

    /// The whole number that begins here; nil for any other value.
    mutating func integer() -> Int? {
        skipSpace()
        let before = position
        let token = word()
        guard let number = Int(token) else {
            position = before
            return nil
        }
        return number
    }

    /// True if `true` begins here.
    mutating func flag() -> Bool {
        skipSpace()
        let before = position
        if word() == "true" { return true }
        position = before
        return false
    }

    /// An address, as the text `0x…`; nil for any other value.
    mutating func address() -> CrashAddress? {
        text(limit: 32).flatMap { CrashAddress(hexadecimal: $0) }
    }

    /// Passes over the value that begins here.
    mutating func skip() {
        skipSpace()
        switch next {
        case UInt8(ascii: "{"): members { _, _ in }
        case UInt8(ascii: "["): elements { _ in }
        case UInt8(ascii: "\""): _ = string(limit: 0)
        default:
            if word().isEmpty { fail("no value") }
        }
    }
}

// MARK: - Bytes

extension JSONReader {
    private var next: UInt8? { position < end ? bytes[position] : nil }

    private mutating func fail(_ message: String) {
        guard damage == nil else { return }
        if position < end {
            damage = BacktraceFormatError(code: .notJSON, offset: position, message: message)
        } else if end < bytes.count {
            damage = BacktraceFormatError(code: .tooLarge, offset: end, message: "too large, left")
        } else {
            damage = BacktraceFormatError(code: .truncated, offset: end, message: "cut off")
        }
        position = end
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || (0x09...0x0D).contains(byte) { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8) -> Bool {
        if take(byte) { return true }
        fail("no '\(Character(UnicodeScalar(byte)))'")
        return false
    }

    private mutating func enter(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        guard depth < Self.deepest else {
            fail("nested too deep")
            return false
        }
        depth += 1
        position += 1
        return true
    }

    /// A number, `true`, `false`, `null`.
    private mutating func word() -> String {
        let start = position
        while let byte = next, byte > 0x20, byte != UInt8(ascii: ","), byte != UInt8(ascii: "]"),
            byte != UInt8(ascii: "}"), byte != UInt8(ascii: "\""), byte != UInt8(ascii: ":"), position - start < 64
        { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func string(limit: Int) -> String? {
        guard take(UInt8(ascii: "\"")) else {
            fail("no text")
            return nil
        }
        let start = position
        var escaped = false
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                escaped = true
                position += 1
            }
            position += 1
        }
        guard position < end else {
            position = end
            fail("no end of a text")
            return nil
        }
        let content = bytes[start..<min(position, start + limit)]
        position += 1
        return String(decoding: escaped ? Self.unescaped(content) : Array(content), as: UTF8.self)
    }

    private static func unescaped(_ content: ArraySlice<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        var units: [UInt16] = []
        var rest = content
        while let byte = rest.popFirst() {
            if byte == 0x5C, rest.first == UInt8(ascii: "u"), rest.count >= 5,
                let unit = UInt16(String(decoding: rest.dropFirst().prefix(4), as: UTF8.self), radix: 16)
            {
                // Collected, for two of them may make one character.
                units.append(unit)
                rest = rest.dropFirst(5)
                continue
            }
            result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            units = []
            guard byte == 0x5C else {
                result.append(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case .some(let other): result.append(other)
            case nil: break
            }
        }
        result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
        return result
    }
}
