/// The elements of a list that is encoded.
struct JSONListEncoding: UnkeyedEncodingContainer {
    let encoder: JSONValueEncoder
    let list: JSONList

    var codingPath: [any CodingKey] { encoder.codingPath }
    var count: Int { list.parts.count }
    private var path: JSONPath { .index(encoder.path, count) }

    func encodeNil() { list.parts.append(.null) }

    func encode<Value: Encodable>(_ value: Value) throws {
        // Added when it is whole, as in an object.
        list.parts.append(try encoder.part(of: value, at: path))
    }

    func nestedContainer<Nested: CodingKey>(keyedBy _: Nested.Type) -> KeyedEncodingContainer<Nested> {
        inner().container(keyedBy: Nested.self)
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { inner().unkeyedContainer() }
    func superEncoder() -> any Encoder { inner() }

    private func inner() -> JSONValueEncoder {
        let inner = encoder.inner(at: path)
        if !encoder.hasFailed { list.parts.append(.later(inner)) }
        return inner
    }
}
