/// What a value writes itself with.
final class JSONValueEncoder: Encoder {
    /// What a whole encoding shares.
    final class Whole {
        /// What could not be thrown where it was found: asking for a container never fails.
        var failure: EncodingError?
    }

    let whole: Whole
    let path: JSONPath
    /// In how many objects and lists the value lies.
    private let level: Int
    /// How many values are being written, this one by the last of them.
    private let steps: Int
    private var part: JSONPart?

    private init(_ whole: Whole, path: JSONPath, level: Int = 0, steps: Int = 0) {
        (self.whole, self.path, self.level, self.steps) = (whole, path, level, steps)
    }

    /// A whole value.
    static func part(of value: some Encodable) throws -> JSONPart {
        let whole = Whole()
        let part = try JSONValueEncoder(whole, path: .root).part(of: value, at: .root)
        if let failure = whole.failure { throw failure }
        return part
    }

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    var hasFailed: Bool { whole.failure != nil }

    /// What the value has written; one that wrote nothing has no members.
    var written: JSONPart { part ?? .object(JSONObject()) }

    // MARK: Containers

    func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
        // Asked for again, by a superclass perhaps, it is the same one.
        if case .object(let object) = part {
            return KeyedEncodingContainer(JSONKeyedEncoding(encoder: self, object: object))
        }
        let object = JSONObject()
        beginContainer(.object(object))
        return KeyedEncodingContainer(JSONKeyedEncoding(encoder: self, object: object))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        if case .list(let list) = part { return JSONListEncoding(encoder: self, list: list) }
        let list = JSONList()
        beginContainer(.list(list))
        return JSONListEncoding(encoder: self, list: list)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    private func beginContainer(_ container: JSONPart) {
        // As deep as it is read, not deeper.
        if level >= ReportJSON.mostLevels { fail(ReportJSON.tooDeep) }
        begin(container)
    }

    private func begin(_ written: JSONPart) {
        if part == nil { part = written } else { fail("it writes more than one value") }
    }

    private func fail(_ what: String) {
        guard whole.failure == nil else { return }
        whole.failure = error(what, what, at: path)
    }

    /// For a value in this one, which is filled when and by whom nobody knows yet.
    func inner(at path: JSONPath) -> JSONValueEncoder {
        // Nothing is written any more: what holds itself must not become a chain without end.
        guard !hasFailed else { return JSONValueEncoder(whole, path: self.path, level: level, steps: steps) }
        let isContainer =
            switch part {
            case .list, .object: true
            default: false
            }
        return JSONValueEncoder(whole, path: path, level: isContainer ? level + 1 : level, steps: steps + 1)
    }

    // MARK: Values

    /// Any value: one of the types that every container has by itself, or one that writes itself.
    @inline(__always)
    func part<Value: Encodable>(of value: Value, at path: @autoclosure () -> JSONPath) throws -> JSONPart {
        // Each question is answered by the compiler where the type is known.
        if Value.self == String.self { return .text(value as! String) }
        if Value.self == Bool.self { return .bool(value as! Bool) }
        if Value.self == Double.self { return try part(ofDouble: value as! Double, at: path()) }
        if Value.self == Float.self { return try part(ofFloat: value as! Float, at: path()) }
        if Value.self == Int.self { return .signed(Int64(value as! Int)) }
        if Value.self == Int8.self { return .signed(Int64(value as! Int8)) }
        if Value.self == Int16.self { return .signed(Int64(value as! Int16)) }
        if Value.self == Int32.self { return .signed(Int64(value as! Int32)) }
        if Value.self == Int64.self { return .signed(value as! Int64) }
        if Value.self == UInt.self { return .unsigned(UInt64(value as! UInt)) }
        if Value.self == UInt8.self { return .unsigned(UInt64(value as! UInt8)) }
        if Value.self == UInt16.self { return .unsigned(UInt64(value as! UInt16)) }
        if Value.self == UInt32.self { return .unsigned(UInt64(value as! UInt32)) }
        if Value.self == UInt64.self { return .unsigned(value as! UInt64) }
        return try part(ofOther: value, at: path())
    }

    private func part(ofOther value: some Encodable, at path: JSONPath) throws -> JSONPart {
        if let failure = whole.failure { throw failure }
        // The value is not put into the error: it may be without end.
        guard steps < ReportJSON.mostSteps else {
            throw error("\(type(of: value))", "more than \(ReportJSON.mostSteps) values in each other", at: path)
        }
        let encoder = inner(at: path)
        try value.encode(to: encoder)
        return encoder.written
    }

    func part(ofDouble number: Double, at path: @autoclosure () -> JSONPath) throws -> JSONPart {
        guard number.isFinite else { throw error(number, "JSON has no number \(number)", at: path()) }
        return .double(number)
    }

    func part(ofFloat number: Float, at path: @autoclosure () -> JSONPath) throws -> JSONPart {
        guard number.isFinite else { throw error(number, "JSON has no number \(number)", at: path()) }
        return .float(number)
    }

    private func error(_ value: Any, _ what: String, at path: JSONPath) -> EncodingError {
        .invalidValue(value, EncodingError.Context(codingPath: path.keys, debugDescription: what))
    }
}

extension JSONValueEncoder: SingleValueEncodingContainer {
    func encodeNil() { begin(.null) }
    func encode<Value: Encodable>(_ value: Value) throws {
        let part = try part(of: value, at: path)
        if case .text(let word) = part { begin(.word(word)) } else { begin(part) }
    }
}
