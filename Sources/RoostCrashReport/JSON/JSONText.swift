/// Writes what was encoded.
struct JSONText {
    private(set) var bytes: [UInt8] = []
    private let isIndented: Bool
    private var level = 0

    /// What is written for a text.
    private let text: ((String) -> String)?

    init(layout: ReportJSON.Layout, text: ((String) -> String)? = nil) {
        isIndented = layout == .indented
        self.text = text
    }

    /// Not deeper than it was encoded, which has a limit.
    mutating func write(_ part: JSONPart) {
        switch part {
        case .null: write("null")
        case .bool(let bool): write(bool ? "true" : "false")
        case .signed(let number): write(digits: number.magnitude, isNegative: number < 0)
        case .unsigned(let number): write(digits: number, isNegative: false)
        // The shortest text that is read as the same number; finite ones are all JSON.
        case .double(let number): bytes.append(contentsOf: number.description.utf8)
        case .float(let number): bytes.append(contentsOf: number.description.utf8)
        case .text(let text): write(quoted: self.text?(text) ?? text)
        case .word(let word): write(quoted: word)
        case .list(let list):
            write(list.parts, UInt8(ascii: "["), UInt8(ascii: "]")) { text, part in text.write(part) }
        case .object(let object):
            write(object.sorted, UInt8(ascii: "{"), UInt8(ascii: "}")) { text, member in
                text.write(quoted: member.name)
                text.write(text.isIndented ? ": " : ":")
                text.write(member.part)
            }
        case .later(let encoder): write(encoder.written)
        }
    }

    private mutating func write<Element>(
        _ elements: [Element], _ first: UInt8, _ last: UInt8, _ write: (inout JSONText, Element) -> Void
    ) {
        bytes.append(first)
        level += 1
        for (index, element) in elements.enumerated() {
            if index > 0 { bytes.append(UInt8(ascii: ",")) }
            beginLine()
            write(&self, element)
        }
        level -= 1
        if !elements.isEmpty { beginLine() }
        bytes.append(last)
    }

    private mutating func beginLine() {
        guard isIndented else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(0x20, count: 2 * level))
    }

    private mutating func write(_ word: StaticString) {
        word.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    private mutating func write(digits number: UInt64, isNegative: Bool) {
        if isNegative { bytes.append(UInt8(ascii: "-")) }
        let start = bytes.count
        var rest = number
        repeat {
            bytes.append(0x30 + UInt8(rest % 10))
            rest /= 10
        } while rest > 0
        bytes[start...].reverse()
    }

    private mutating func write(quoted text: String) {
        var text = text
        bytes.append(UInt8(ascii: "\""))
        text.withUTF8 { text in
            var start = 0
            for (index, byte) in text.enumerated()
            where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                bytes.append(contentsOf: text[start..<index])
                write(escaped: byte)
                start = index + 1
            }
            bytes.append(contentsOf: text[start...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func write(escaped byte: UInt8) {
        switch byte {
        case 0x08: write("\\b")
        case 0x09: write("\\t")
        case 0x0A: write("\\n")
        case 0x0C: write("\\f")
        case 0x0D: write("\\r")
        case 0..<0x20:
            write(byte < 0x10 ? "\\u000" : "\\u001")
            bytes.append(contentsOf: String(byte & 0xF, radix: 16).utf8)
        default:
            bytes.append(UInt8(ascii: "\\"))
            bytes.append(byte)
        }
    }
}
