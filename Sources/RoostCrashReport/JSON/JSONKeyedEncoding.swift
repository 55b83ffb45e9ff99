/// The members of an object that is encoded.
struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let encoder: JSONValueEncoder
    let object: JSONObject

    var codingPath: [any CodingKey] { encoder.codingPath }

    func encodeNil(forKey key: Key) { object.add(key.stringValue, .null) }

    // Each of the protocol's own types by itself: one method for all of them would compare types while it runs, since this
    // code is compiled without knowing the type of the keys.
    func encode(_ value: String, forKey key: Key) { object.add(key.stringValue, .text(value)) }
    func encode(_ value: Bool, forKey key: Key) { object.add(key.stringValue, .bool(value)) }
    func encode(_ value: Int, forKey key: Key) { object.add(key.stringValue, .signed(Int64(value))) }
    func encode(_ value: Int8, forKey key: Key) { object.add(key.stringValue, .signed(Int64(value))) }
    func encode(_ value: Int16, forKey key: Key) { object.add(key.stringValue, .signed(Int64(value))) }
    func encode(_ value: Int32, forKey key: Key) { object.add(key.stringValue, .signed(Int64(value))) }
    func encode(_ value: Int64, forKey key: Key) { object.add(key.stringValue, .signed(value)) }
    func encode(_ value: UInt, forKey key: Key) { object.add(key.stringValue, .unsigned(UInt64(value))) }
    func encode(_ value: UInt8, forKey key: Key) { object.add(key.stringValue, .unsigned(UInt64(value))) }
    func encode(_ value: UInt16, forKey key: Key) { object.add(key.stringValue, .unsigned(UInt64(value))) }
    func encode(_ value: UInt32, forKey key: Key) { object.add(key.stringValue, .unsigned(UInt64(value))) }
    func encode(_ value: UInt64, forKey key: Key) { object.add(key.stringValue, .unsigned(value)) }
    func encode(_ value: Double, forKey key: Key) throws {
        object.add(key.stringValue, try encoder.part(ofDouble: value, at: path(key)))
    }
    func encode(_ value: Float, forKey key: Key) throws {
        object.add(key.stringValue, try encoder.part(ofFloat: value, at: path(key)))
    }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        // Added when it is whole: if it throws, the object may go on without it.
        object.add(key.stringValue, try encoder.part(of: value, at: path(key)))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        inner(key).container(keyedBy: Nested.self)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { inner(key).unkeyedContainer() }

    func superEncoder() -> any Encoder { inner(JSONKey.superclass) }
    func superEncoder(forKey key: Key) -> any Encoder { inner(key) }

    private func inner(_ key: some CodingKey) -> JSONValueEncoder {
        let inner = encoder.inner(at: path(key))
        if !encoder.hasFailed { object.add(key.stringValue, .later(inner)) }
        return inner
    }

    private func path(_ key: some CodingKey) -> JSONPath { .name(encoder.path, key) }
}
