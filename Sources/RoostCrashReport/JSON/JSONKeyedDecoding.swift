/// The members of an object by their names.
final class JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let document: JSONDocument
    private let path: JSONPath
    private let first: Int
    private let end: Int
    /// Of a large object.
    private let table: JSONNameTable?
    /// The name that was found last, or the one behind it once its value was read.
    private var next: Int

    init(_ decoder: JSONValueDecoder) throws {
        let tape = decoder.document.tape
        let entry = tape[decoder.place]
        guard entry.kind == .object else {
            throw decoder.document.mismatch([String: Any].self, "an object", at: decoder.place, decoder.path)
        }
        (document, path) = (decoder.document, decoder.path)
        (first, end, next) = (decoder.place + 1, Int(entry.end), decoder.place + 1)
        table =
            entry.count > JSONNameTable.fewMembers ? JSONNameTable(tape, object: decoder.place, twice: { _ in }) : nil
    }

    var codingPath: [any CodingKey] { path.keys }

    var allKeys: [Key] {
        var keys: [Key] = []
        var place = first
        while place < end {
            if let key = Key(stringValue: document.tape.text(document.tape[place])) { keys.append(key) }
            place = document.tape.place(after: place + 1)
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { place(of: key) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { document.isNull(at: try value(of: key)) }

    // Each of the protocol's own types by itself: one method for all of them would compare types while it runs, since this
    // code is compiled without knowing the type of the keys.
    func decode(_: String.Type, forKey key: Key) throws -> String { try document.text(at: value(of: key), path(key)) }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try document.bool(at: value(of: key), path(key)) }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try document.double(at: value(of: key), path(key)) }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { try document.float(at: value(of: key), path(key)) }
    func decode(_: Int.Type, forKey key: Key) throws -> Int { try number(key) }
    func decode(_: Int8.Type, forKey key: Key) throws -> Int8 { try number(key) }
    func decode(_: Int16.Type, forKey key: Key) throws -> Int16 { try number(key) }
    func decode(_: Int32.Type, forKey key: Key) throws -> Int32 { try number(key) }
    func decode(_: Int64.Type, forKey key: Key) throws -> Int64 { try number(key) }
    func decode(_: UInt.Type, forKey key: Key) throws -> UInt { try number(key) }
    func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 { try number(key) }
    func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 { try number(key) }
    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 { try number(key) }
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 { try number(key) }
    func decode<Value: Decodable>(_: Value.Type, forKey key: Key) throws -> Value {
        try document.value(Value.self, at: value(of: key), path: path(key))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try superDecoder(of: key).container(keyedBy: Nested.self)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try superDecoder(of: key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try superDecoder(of: JSONKey.superclass) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try superDecoder(of: key) }

    private func superDecoder(of key: some CodingKey) throws -> JSONValueDecoder {
        JSONValueDecoder(document: document, place: try value(of: key), path: path(key))
    }

    private func path(_ key: some CodingKey) -> JSONPath { .name(path, key) }

    private func number<Number: FixedWidthInteger>(_ key: Key) throws -> Number {
        try document.number(Number.self, at: value(of: key), path(key))
    }

    // MARK: Names

    /// The place of a name's value.
    private func value(of key: some CodingKey) throws -> Int {
        guard let name = place(of: key) else {
            throw DecodingError.keyNotFound(key, document.context("it is not there", path))
        }
        return name + 1
    }

    /// The place of a name; nil if it is not there.
    private func place(of key: some CodingKey) -> Int? {
        var name = key.stringValue
        return name.withUTF8 { find($0) }
    }

    private func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        let tape = document.tape
        // Whether it is there, whether it is null, its value: a name is asked for three times, one after the other.
        if next < end, tape.name(at: next, is: name) { return next }
        if let table { return found(table.place(of: name, tape)) }
        var place = first
        while place < end {
            if tape.name(at: place, is: name) { return found(place) }
            place = tape.place(after: place + 1)
        }
        return nil
    }

    private func found(_ place: Int?) -> Int? {
        if let place { next = place }
        return place
    }
}
