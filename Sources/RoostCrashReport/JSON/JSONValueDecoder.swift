/// What a value reads itself with.
struct JSONValueDecoder: Decoder, SingleValueDecodingContainer {
    let document: JSONDocument
    let place: Int
    let path: JSONPath

    var codingPath: [any CodingKey] { path.keys }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try JSONKeyedDecoding(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try JSONListDecoding(self) }
    func singleValueContainer() -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { document.isNull(at: place) }

    func decode<Value: Decodable>(_: Value.Type) throws -> Value {
        try document.value(Value.self, at: place, path: path)
    }
}
