/// Looks at a text from front to back, once, and notes what stands where. It calls nothing again for what lies deeper, so
/// that no text can use up the stack.
///
/// ``JSONReader`` is for files that may be cut off: it never fails and gives what came before the damage. Here the first
/// damage is an error, and values are asked for in any order; neither could be built on the other.
struct JSONScanner {
    private var tape: JSONTape
    private var position = 0
    /// The objects and lists that have begun and not ended, by their places on the tape.
    private var open: [Int] = []

    private init(_ bytes: [UInt8]) {
        tape = JSONTape(bytes: bytes)
    }

    /// The bytes have to be UTF-8, and fewer than 4 GiB.
    static func tape(of bytes: [UInt8]) throws(JSONDamage) -> JSONTape {
        var scanner = JSONScanner(bytes)
        guard bytes.count < Int(UInt32.max) else { throw JSONDamage(tooLarge: Int(UInt32.max)) }
        scanner.tape.entries.reserveCapacity(min(bytes.count / 8, 1 << 16))
        try scanner.scan()
        return scanner.tape
    }

    private mutating func scan() throws(JSONDamage) {
        skipSpace()
        try value()
        while let place = open.last {
            skipSpace()
            let isObject = tape[place].kind == .object
            if take(isObject ? UInt8(ascii: "}") : UInt8(ascii: "]")) {
                try close(place)
                continue
            }
            if tape[place].count > 0 {
                try expect(UInt8(ascii: ","), or: isObject ? "}" : "]")
                skipSpace()
            }
            if isObject {
                guard next == UInt8(ascii: "\"") else { throw damage("no name") }
                try text()
                skipSpace()
                try expect(UInt8(ascii: ":"))
                skipSpace()
            }
            tape.entries[place].count += 1
            try value()
        }
        skipSpace()
        guard next == nil else { throw damage("more behind the value") }
    }

    private mutating func value() throws(JSONDamage) {
        switch next {
        case UInt8(ascii: "{"): try begin(.object)
        case UInt8(ascii: "["): try begin(.list)
        case UInt8(ascii: "\""): try text()
        case UInt8(ascii: "t"): try word("true", .yes)
        case UInt8(ascii: "f"): try word("false", .no)
        case UInt8(ascii: "n"): try word("null", .null)
        case UInt8(ascii: "-"), .some(0x30...0x39): try number()
        default: throw damage("no value")
        }
    }

    private mutating func begin(_ kind: JSONTape.Kind) throws(JSONDamage) {
        guard open.count < ReportJSON.mostLevels else { throw damage(ReportJSON.tooDeep) }
        open.append(tape.entries.count)
        try note(kind, from: position, to: 0)
        position += 1
    }

    private mutating func close(_ place: Int) throws(JSONDamage) {
        tape.entries[place].end = UInt32(tape.entries.count)
        open.removeLast()
        if tape[place].kind == .object, let name = nameTwice(in: place) {
            position = tape.start(of: tape[name])
            throw damage("a name that the object has already")
        }
    }

    /// The place of a name that stood before in the same object.
    private func nameTwice(in object: Int) -> Int? {
        var second: Int?
        if tape[object].count > JSONNameTable.fewMembers {
            _ = JSONNameTable(tape, object: object) { second = second ?? $0 }
            return second
        }
        var place = object + 1
        while place < Int(tape[object].end) {
            var earlier = object + 1
            while earlier < place {
                if tape.name(at: earlier, isThatAt: place) { return place }
                earlier = tape.place(after: earlier + 1)
            }
            place = tape.place(after: place + 1)
        }
        return nil
    }

    private mutating func note(_ kind: JSONTape.Kind, from start: Int, to end: Int) throws(JSONDamage) {
        guard tape.entries.count < ReportJSON.mostValues else {
            throw damage("more than \(ReportJSON.mostValues) values")
        }
        tape.entries.append(
            JSONTape.Entry(
                kind: kind, start: UInt32(truncatingIfNeeded: start), end: UInt32(truncatingIfNeeded: end), count: 0))
    }
}

// MARK: - Bytes

extension JSONScanner {
    private var next: UInt8? { position < tape.bytes.count ? tape.bytes[position] : nil }

    private func damage(_ message: String) -> JSONDamage {
        JSONDamage(message, at: position, in: tape.bytes)
    }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        position += 1
        return true
    }

    private mutating func expect(_ byte: UInt8, or other: String? = nil) throws(JSONDamage) {
        guard take(byte) else {
            throw damage("no '\(Character(UnicodeScalar(byte)))'" + (other.map { " or '\($0)'" } ?? ""))
        }
    }

    private mutating func word(_ word: StaticString, _ kind: JSONTape.Kind) throws(JSONDamage) {
        let end = position + word.utf8CodeUnitCount
        let isThere = word.withUTF8Buffer { word in
            end <= tape.bytes.count && tape.bytes[position..<end].elementsEqual(word)
        }
        guard isThere else { throw damage("no value") }
        try note(kind, from: position, to: end)
        position = end
    }

    private mutating func number() throws(JSONDamage) {
        let start = position
        var kind = JSONTape.Kind.wholeNumber
        _ = take(UInt8(ascii: "-"))
        if take(UInt8(ascii: "0")) {
            if case .some(0x30...0x39) = next { throw damage("a number that begins with 0") }
        } else {
            try digits()
        }
        if take(UInt8(ascii: ".")) {
            kind = .number
            try digits()
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            kind = .number
            if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
            try digits()
        }
        try note(kind, from: start, to: position)
    }

    private mutating func digits() throws(JSONDamage) {
        guard case .some(0x30...0x39) = next else { throw damage("no digit") }
        while case .some(0x30...0x39) = next { position += 1 }
    }

    private mutating func text() throws(JSONDamage) {
        position += 1
        let start = position
        var kind = JSONTape.Kind.text
        while let byte = next, byte != UInt8(ascii: "\"") {
            if byte == UInt8(ascii: "\\") {
                kind = .escapedText
                try escape()
            } else if byte < 0x20 {
                throw damage("a control character in a text")
            } else {
                position += 1
            }
        }
        guard position < tape.bytes.count else { throw damage("no end of a text") }
        try note(kind, from: start, to: position)
        position += 1
    }

    private mutating func escape() throws(JSONDamage) {
        let start = position
        position += 1
        switch next {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"), UInt8(ascii: "f"),
            UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
            position += 1
        case UInt8(ascii: "u"):
            position += 1
            let first = try unit()
            guard UTF16.isSurrogate(first) else { return }
            // Two of them make one character.
            guard UTF16.isLeadSurrogate(first), take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")),
                UTF16.isTrailSurrogate(try unit())
            else {
                position = start
                throw damage("half of a surrogate pair")
            }
        default: throw damage("no such escape")
        }
    }

    private mutating func unit() throws(JSONDamage) -> UInt16 {
        for _ in 0..<4 {
            switch next {
            case .some(0x30...0x39), .some(0x41...0x46), .some(0x61...0x66): position += 1
            default: throw damage("no hexadecimal digit")
            }
        }
        return Self.unit(tape.bytes[(position - 4)...])
    }

    /// The number that four hexadecimal digits make.
    static func unit(_ digits: ArraySlice<UInt8>) -> UInt16 {
        var unit: UInt16 = 0
        for digit in digits.prefix(4) {
            // The letters' low bits count from 1.
            unit = unit << 4 | UInt16(digit < 0x40 ? digit & 0xF : (digit & 0xF) + 9)
        }
        return unit
    }
}
