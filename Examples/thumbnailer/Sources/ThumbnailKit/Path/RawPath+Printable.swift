extension RawPath: CustomStringConvertible {
    /// The path on one line, safe to print on a terminal.
    ///
    /// Valid UTF-8 stays as it is. Bytes that are not UTF-8 become `\xE9`, a backslash becomes `\\`, and everything a
    /// terminal could obey or hide (control characters, line separators, marks that turn the writing direction)
    /// becomes `\n`, `\t`, `\r` or `\u{1B}`.
    public var printable: String {
        Printable.escaped(bytes, escapesBackslash: true)
    }

    /// The same as `printable`.
    public var description: String { printable }
}

/// Text from outside (names, messages of C libraries) made harmless for one line of output.
enum Printable {
    static func escaped(_ bytes: [UInt8], escapesBackslash: Bool) -> String {
        var result = ""
        var index = 0
        while index < bytes.count {
            if let (scalar, length) = scalar(in: bytes, at: index) {
                append(scalar, to: &result, escapesBackslash: escapesBackslash)
                index += length
            } else {
                result += "\\x" + hexadecimal(UInt32(bytes[index]), digits: 2)
                index += 1
            }
        }
        return result
    }

    /// The scalar that starts at `index`, or nil when no valid UTF-8 sequence starts there.
    private static func scalar(in bytes: [UInt8], at index: Int) -> (Unicode.Scalar, Int)? {
        let length: Int
        switch bytes[index] {
        case 0x00...0x7F: return (Unicode.Scalar(bytes[index]), 1)
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return nil
        }
        guard index + length <= bytes.count,
            let text = String(validating: bytes[index..<(index + length)], as: UTF8.self),
            let scalar = text.unicodeScalars.first
        else { return nil }
        return (scalar, length)
    }

    private static func append(_ scalar: Unicode.Scalar, to result: inout String, escapesBackslash: Bool) {
        switch scalar {
        case "\n": result += "\\n"
        case "\t": result += "\\t"
        case "\r": result += "\\r"
        case "\\" where escapesBackslash: result += "\\\\"
        default:
            switch scalar.properties.generalCategory {
            // A zero-width joiner is a format character too, but it holds emoji together and harms nobody.
            case .format where scalar.value == 0x200D: result.unicodeScalars.append(scalar)
            case .control, .format, .lineSeparator, .paragraphSeparator:
                result += "\\u{" + hexadecimal(scalar.value, digits: 2) + "}"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func hexadecimal(_ value: UInt32, digits: Int) -> String {
        let text = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, digits - text.count)) + text
    }
}
