/// A text that was looked at, and the values that types find in it.
final class JSONDocument {
    let tape: JSONTape

    init(_ tape: JSONTape) {
        self.tape = tape
    }

    /// Any value: one of the types that every container has by itself, or one that reads itself.
    @inline(__always)
    func value<Value: Decodable>(_: Value.Type, at place: Int, path: @autoclosure () -> JSONPath) throws -> Value {
        // Each question is answered by the compiler where the type is known.
        if Value.self == String.self { return try text(at: place, path()) as! Value }
        if Value.self == Bool.self { return try bool(at: place, path()) as! Value }
        if Value.self == Double.self { return try double(at: place, path()) as! Value }
        if Value.self == Float.self { return try float(at: place, path()) as! Value }
        if Value.self == Int.self { return try number(Int.self, at: place, path()) as! Value }
        if Value.self == Int8.self { return try number(Int8.self, at: place, path()) as! Value }
        if Value.self == Int16.self { return try number(Int16.self, at: place, path()) as! Value }
        if Value.self == Int32.self { return try number(Int32.self, at: place, path()) as! Value }
        if Value.self == Int64.self { return try number(Int64.self, at: place, path()) as! Value }
        if Value.self == UInt.self { return try number(UInt.self, at: place, path()) as! Value }
        if Value.self == UInt8.self { return try number(UInt8.self, at: place, path()) as! Value }
        if Value.self == UInt16.self { return try number(UInt16.self, at: place, path()) as! Value }
        if Value.self == UInt32.self { return try number(UInt32.self, at: place, path()) as! Value }
        if Value.self == UInt64.self { return try number(UInt64.self, at: place, path()) as! Value }
        return try Value(from: JSONValueDecoder(document: self, place: place, path: path()))
    }

    func isNull(at place: Int) -> Bool { tape[place].kind == .null }

    func text(at place: Int, _ path: @autoclosure () -> JSONPath) throws -> String {
        let entry = tape[place]
        guard entry.kind == .text || entry.kind == .escapedText else {
            throw mismatch(String.self, "a text", at: place, path())
        }
        return tape.text(entry)
    }

    func bool(at place: Int, _ path: @autoclosure () -> JSONPath) throws -> Bool {
        switch tape[place].kind {
        case .yes: true
        case .no: false
        default: throw mismatch(Bool.self, "true or false", at: place, path())
        }
    }

    func number<Number: FixedWidthInteger>(
        _: Number.Type, at place: Int, _ path: @autoclosure () -> JSONPath
    ) throws -> Number {
        let entry = tape[place]
        guard entry.kind == .wholeNumber || entry.kind == .number else {
            throw mismatch(Number.self, "a number", at: place, path())
        }
        guard entry.kind == .wholeNumber, let number = exact(Number.self, entry) else {
            throw doesNotFit(Number.self, at: place, path())
        }
        return number
    }

    func double(at place: Int, _ path: @autoclosure () -> JSONPath) throws -> Double {
        try fraction(Double.self, at: place, path()) { Double($0) }
    }

    func float(at place: Int, _ path: @autoclosure () -> JSONPath) throws -> Float {
        try fraction(Float.self, at: place, path()) { Float($0) }
    }

    /// The nearest one that there is; one beyond the largest is an error.
    private func fraction<Number: BinaryFloatingPoint>(
        _: Number.Type, at place: Int, _ path: @autoclosure () -> JSONPath, _ read: (String) -> Number?
    ) throws -> Number {
        let entry = tape[place]
        guard entry.kind == .wholeNumber || entry.kind == .number else {
            throw mismatch(Number.self, "a number", at: place, path())
        }
        guard let number = read(String(decoding: tape.slice(entry), as: UTF8.self)), number.isFinite else {
            throw doesNotFit(Number.self, at: place, path())
        }
        return number
    }

    private func exact<Number: FixedWidthInteger>(_: Number.Type, _ entry: JSONTape.Entry) -> Number? {
        var magnitude: UInt64 = 0
        var start = Int(entry.start)
        let isNegative = tape.bytes[start] == UInt8(ascii: "-")
        if isNegative { start += 1 }
        for digit in tape.bytes[start..<Int(entry.end)] {
            let (product, tooLarge) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, tooLargeNow) = product.addingReportingOverflow(UInt64(digit & 0xF))
            if tooLarge || tooLargeNow { return nil }
            magnitude = sum
        }
        guard isNegative else { return Number(exactly: magnitude) }
        // The smallest one has no positive counterpart.
        guard magnitude <= UInt64(Int64.max) + 1 else { return nil }
        return Number(exactly: Int64(truncatingIfNeeded: 0 &- magnitude))
    }
}

// MARK: - Errors

extension JSONDocument {
    func context(_ what: String, _ path: JSONPath) -> DecodingError.Context {
        DecodingError.Context(codingPath: path.keys, debugDescription: what)
    }

    func mismatch(_ type: any Any.Type, _ wanted: String, at place: Int, _ path: JSONPath) -> DecodingError {
        let entry = tape[place]
        let found =
            switch entry.kind {
            case .object: "an object"
            case .list: "a list"
            case .text, .escapedText: "a text"
            case .wholeNumber, .number: "a number"
            case .yes: "true"
            case .no: "false"
            case .null: "null"
            }
        let context = context("\(found) at byte \(tape.start(of: entry)) instead of \(wanted)", path)
        return entry.kind == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func doesNotFit(_ type: any Any.Type, at place: Int, _ path: JSONPath) -> DecodingError {
        let entry = tape[place]
        var number = String(decoding: tape.slice(entry).prefix(32), as: UTF8.self)
        if entry.end - entry.start > 32 { number += "…" }
        return .dataCorrupted(context("\(number) at byte \(entry.start) does not fit \(type)", path))
    }
}
