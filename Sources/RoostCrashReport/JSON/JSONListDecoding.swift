/// The elements of a list, one after the other.
struct JSONListDecoding: UnkeyedDecodingContainer {
    private let document: JSONDocument
    private let path: JSONPath
    private let elements: Int
    private var place: Int
    private(set) var currentIndex = 0

    init(_ decoder: JSONValueDecoder) throws {
        let entry = decoder.document.tape[decoder.place]
        guard entry.kind == .list else {
            throw decoder.document.mismatch([Any].self, "a list", at: decoder.place, decoder.path)
        }
        (document, path, place) = (decoder.document, decoder.path, decoder.place + 1)
        elements = Int(entry.count)
    }

    var codingPath: [any CodingKey] { path.keys }
    var count: Int? { elements }
    var isAtEnd: Bool { currentIndex == elements }
    private var elementPath: JSONPath { .index(path, currentIndex) }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd else { throw ended(Any?.self) }
        guard document.isNull(at: place) else { return false }
        advance()
        return true
    }

    mutating func decode<Value: Decodable>(_: Value.Type) throws -> Value {
        guard !isAtEnd else { throw ended(Value.self) }
        let value = try document.value(Value.self, at: place, path: elementPath)
        advance()
        return value
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        let container = try element([String: Any].self).container(keyedBy: Nested.self)
        advance()
        return container
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        let container = try element([Any].self).unkeyedContainer()
        advance()
        return container
    }

    mutating func superDecoder() throws -> any Decoder {
        let decoder = try element((any Decoder).self)
        advance()
        return decoder
    }

    private func element(_ type: any Any.Type) throws -> JSONValueDecoder {
        guard !isAtEnd else { throw ended(type) }
        return JSONValueDecoder(document: document, place: place, path: elementPath)
    }

    /// Only past what was read: whoever fails may try it as another type.
    private mutating func advance() {
        place = document.tape.place(after: place)
        currentIndex += 1
    }

    private func ended(_ type: any Any.Type) -> DecodingError {
        .valueNotFound(type, document.context("the list has ended", elementPath))
    }
}
