/// A text of JSON that was looked at whole: what stands where, in the order of the text. Of an object the names lie before
/// their values.
struct JSONTape {
    enum Kind: UInt8 {
        case object
        case list
        case text
        /// With escapes in it.
        case escapedText
        case wholeNumber
        /// With a fraction or an exponent.
        case number
        case yes
        case no
        case null
    }

    struct Entry {
        let kind: Kind
        /// The first byte; of a text the one behind its quote.
        let start: UInt32
        /// Behind the last byte, of a text its quote; of an object and a list the place on the tape behind the last value.
        var end: UInt32
        /// How many members or elements.
        var count: UInt32
    }

    /// UTF-8, nothing else.
    let bytes: [UInt8]
    var entries: [Entry] = []

    subscript(place: Int) -> Entry { entries[place] }

    /// The place behind a value.
    func place(after place: Int) -> Int {
        let entry = entries[place]
        return entry.kind == .object || entry.kind == .list ? Int(entry.end) : place + 1
    }

    /// The first byte, of a text its quote.
    func start(of entry: Entry) -> Int {
        entry.kind == .text || entry.kind == .escapedText ? Int(entry.start) - 1 : Int(entry.start)
    }

    func slice(_ entry: Entry) -> ArraySlice<UInt8> { bytes[Int(entry.start)..<Int(entry.end)] }

    /// Of the entry of a text or a name.
    func text(_ entry: Entry) -> String {
        entry.kind == .text
            ? String(decoding: slice(entry), as: UTF8.self) : String(decoding: unescaped(entry), as: UTF8.self)
    }

    /// As bytes: that is what makes names the same (RFC 8259, section 8.3).
    func name(at place: Int, is name: UnsafeBufferPointer<UInt8>) -> Bool {
        let entry = entries[place]
        guard entry.kind == .text else { return unescaped(entry).elementsEqual(name) }
        let start = Int(entry.start)
        guard Int(entry.end) - start == name.count else { return false }
        for index in 0..<name.count where bytes[start + index] != name[index] { return false }
        return true
    }

    func name(at place: Int, isThatAt other: Int) -> Bool {
        let (entry, second) = (entries[place], entries[other])
        if entry.kind == .text, second.kind == .text {
            return entry.end - entry.start == second.end - second.start && slice(entry).elementsEqual(slice(second))
        }
        return unescaped(entry).elementsEqual(unescaped(second))
    }

    /// The scanner has passed over it: there are no other escapes, and no half of a pair.
    func unescaped(_ entry: Entry) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(Int(entry.end - entry.start))
        var rest = slice(entry)
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\"), let escape = rest.popFirst() else {
                result.append(byte)
                continue
            }
            switch escape {
            case UInt8(ascii: "n"): result.append(0x0A)
            case UInt8(ascii: "r"): result.append(0x0D)
            case UInt8(ascii: "t"): result.append(0x09)
            case UInt8(ascii: "b"): result.append(0x08)
            case UInt8(ascii: "f"): result.append(0x0C)
            case UInt8(ascii: "u"):
                var units = [JSONScanner.unit(rest)]
                rest = rest.dropFirst(4)
                if UTF16.isLeadSurrogate(units[0]) {
                    units.append(JSONScanner.unit(rest.dropFirst(2)))
                    rest = rest.dropFirst(6)
                }
                result.append(contentsOf: String(decoding: units, as: UTF16.self).utf8)
            default: result.append(escape)
            }
        }
        return result
    }
}
