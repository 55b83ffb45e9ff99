import Glibc

/// Decodes what ``CompactEncoder`` wrote. What comes from a process that may be about to crash is not trusted: nothing that is
/// wrong in the bytes does more than throw `DecodingError`.
enum CompactDecoder {
    /// A value alone.
    static func decode<Value: Decodable>(_: Value.Type, from bytes: UnsafeRawBufferPointer) throws -> Value {
        try CompactSource(bytes).value(Value.self, at: 0, key: nil)
    }

    /// The names that a value has its parts by; nil for one that is not written so.
    static func keys(of bytes: [UInt8]) -> Set<String>? { try? CompactSource(bytes).keys(at: 0) }
}

/// The bytes, and what all containers of one decoding share. A copy of them: a decoder that somebody keeps stays usable when the
/// frame is gone.
final class CompactSource {
    let bytes: [UInt8]
    /// The keys of the values that are being read, from the outermost in.
    @exclusivity(unchecked) private(set) var path: [any CodingKey] = []
    @exclusivity(unchecked) private var depth = 0
    /// What travels beside a value; made when a value asks for it.
    @exclusivity(unchecked) private var parcel: Parcel?
    @exclusivity(unchecked) private var beside: (bytes: UnsafeRawBufferPointer, port: ArenaPort)?

    init(_ bytes: some Collection<UInt8>) {
        self.bytes = Array(bytes)
    }

    var userInfo: [CodingUserInfoKey: Any] {
        guard let parcel = parcel ?? beside.map({ Parcel(inline: $0.bytes, port: $0.port) }) else { return [:] }
        self.parcel = parcel
        return [Parcel.key: parcel]
    }

    /// The value at a place, with what travels beside it.
    func value<Value: Decodable>(
        _: Value.Type, at place: Int, beside: (bytes: UnsafeRawBufferPointer, port: ArenaPort)
    ) throws -> Value {
        self.beside = beside
        defer {
            self.beside = nil
            parcel = nil
        }
        return try value(Value.self, at: place, key: nil)
    }

    // MARK: Reading

    /// A number, if it lies within the bytes.
    func number<Number: FixedWidthInteger>(_: Number.Type, at place: Int) throws -> Number {
        guard place <= bytes.count - MemoryLayout<Number>.size else { throw broken() }
        return bytes.withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: Number.self)) }
    }

    func tag(at place: Int) throws -> CompactTag {
        guard place < bytes.count, let tag = CompactTag(rawValue: bytes[place]) else { throw broken() }
        return tag
    }

    /// So many bytes, behind their size.
    func stretch(at place: Int) throws -> Range<Int> {
        let size = Int(try number(UInt32.self, at: place))
        guard size <= bytes.count - place - 4 else { throw broken() }
        return place + 4..<place + 4 + size
    }

    /// Where the next value is.
    func end(ofValueAt place: Int) throws -> Int {
        switch try tag(at: place) {
        case .null, .no, .yes: place + 1
        case .small: place + 2
        case .float: place + 5
        case .signed, .unsigned, .double: place + 9
        case .text, .bytes, .list, .keyed: try stretch(at: place + 1).upperBound
        }
    }

    func key(at place: Int) throws -> Range<Int> {
        guard place < bytes.count else { throw broken() }
        let count = Int(bytes[place])
        if count == 255 { return try stretch(at: place + 1) }
        guard count <= bytes.count - place - 1 else { throw broken() }
        return place + 1..<place + 1 + count
    }

    /// The keys of the keyed value at a place.
    func keys(at place: Int) throws -> Set<String> {
        guard try tag(at: place) == .keyed else { throw broken() }
        let entries = try stretch(at: place + 1)
        var keys: Set<String> = []
        var place = entries.lowerBound
        while place < entries.upperBound {
            let key = try key(at: place)
            keys.insert(text(key))
            place = try end(ofValueAt: key.upperBound)
        }
        return keys
    }

    func has(_ text: UnsafeBufferPointer<UInt8>, at range: Range<Int>) -> Bool {
        guard range.count == text.count, let start = text.baseAddress else { return range.isEmpty && text.isEmpty }
        return bytes[range].withUnsafeBytes { memcmp($0.baseAddress!, start, text.count) == 0 }
    }

    func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    // MARK: Values

    @inline(__always)
    func value<Value: Decodable>(_: Value.Type, at place: Int, key: (any CodingKey)?) throws -> Value {
        // Each question is answered by the compiler where the type is known.
        if Value.self == String.self { return try string(at: place, key) as! Value }
        if Value.self == Int.self { return try integer(Int.self, at: place, key) as! Value }
        if Value.self == Bool.self { return try bool(at: place, key) as! Value }
        if Value.self == Double.self { return try double(at: place, key) as! Value }
        if Value.self == Float.self { return try float(at: place, key) as! Value }
        if Value.self == UInt8.self { return try integer(UInt8.self, at: place, key) as! Value }
        if Value.self == Int32.self { return try integer(Int32.self, at: place, key) as! Value }
        if Value.self == UInt32.self { return try integer(UInt32.self, at: place, key) as! Value }
        if Value.self == Int64.self { return try integer(Int64.self, at: place, key) as! Value }
        if Value.self == UInt64.self { return try integer(UInt64.self, at: place, key) as! Value }
        if Value.self == UInt.self { return try integer(UInt.self, at: place, key) as! Value }
        if Value.self == Int16.self { return try integer(Int16.self, at: place, key) as! Value }
        if Value.self == UInt16.self { return try integer(UInt16.self, at: place, key) as! Value }
        if Value.self == Int8.self { return try integer(Int8.self, at: place, key) as! Value }
        if Value.self == [UInt8].self, try tag(at: place) == .bytes {
            return Array(bytes[try stretch(at: place + 1)]) as! Value
        }
        return try descend(key) { try Value(from: CompactValueDecoder(source: self, place: place)) }
    }

    /// Calls `body` one level deeper.
    func descend<Result>(_ key: (any CodingKey)?, _ body: () throws -> Result) throws -> Result {
        guard depth < compactDepth else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(
                    codingPath: Array(path.prefix(8)),
                    debugDescription: "a value in there lies in more than \(compactDepth) others"))
        }
        depth += 1
        if let key { path.append(key) }
        defer {
            depth -= 1
            if key != nil { path.removeLast() }
        }
        return try body()
    }

    func integer<Number: FixedWidthInteger>(
        _: Number.Type, at place: Int, _ key: @autoclosure () -> (any CodingKey)?
    ) throws -> Number {
        let number: Number?
        switch try tag(at: place) {
        case .small: number = Number(exactly: try self.number(Int8.self, at: place + 1))
        case .signed: number = Number(exactly: try self.number(Int64.self, at: place + 1))
        case .unsigned: number = Number(exactly: try self.number(UInt64.self, at: place + 1))
        case let tag: throw mismatch(Number.self, tag, key())
        }
        guard let number else { throw broken("a number does not fit \(Number.self)", key()) }
        return number
    }

    fileprivate func bool(at place: Int, _ key: @autoclosure () -> (any CodingKey)?) throws -> Bool {
        switch try tag(at: place) {
        case .yes: true
        case .no: false
        case let tag: throw mismatch(Bool.self, tag, key())
        }
    }

    fileprivate func double(at place: Int, _ key: @autoclosure () -> (any CodingKey)?) throws -> Double {
        let tag = try tag(at: place)
        guard tag == .double else { throw mismatch(Double.self, tag, key()) }
        return Double(bitPattern: try number(UInt64.self, at: place + 1))
    }

    fileprivate func float(at place: Int, _ key: @autoclosure () -> (any CodingKey)?) throws -> Float {
        let tag = try tag(at: place)
        guard tag == .float else { throw mismatch(Float.self, tag, key()) }
        return Float(bitPattern: try number(UInt32.self, at: place + 1))
    }

    fileprivate func string(at place: Int, _ key: @autoclosure () -> (any CodingKey)?) throws -> String {
        let tag = try tag(at: place)
        guard tag == .text else { throw mismatch(String.self, tag, key()) }
        return text(try stretch(at: place + 1))
    }

    // MARK: Errors

    private func context(_ what: String, _ key: (any CodingKey)?) -> DecodingError.Context {
        DecodingError.Context(codingPath: key.map { path + [$0] } ?? path, debugDescription: what)
    }

    func broken(
        _ what: String = "the bytes end too soon, or are of another version", _ key: (any CodingKey)? = nil
    ) -> DecodingError { .dataCorrupted(context(what, key)) }

    func mismatch(_ type: any Any.Type, _ tag: CompactTag, _ key: (any CodingKey)? = nil) -> DecodingError {
        let context = context("there is a value of kind '\(tag)'", key)
        return tag == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }
}

/// What a value reads itself with.
struct CompactValueDecoder: Decoder {
    let source: CompactSource
    let place: Int
    var codingPath: [any CodingKey] { source.path }
    var userInfo: [CodingUserInfoKey: Any] { source.userInfo }

    func container<Key: CodingKey>(keyedBy _: Key.Type) throws -> KeyedDecodingContainer<Key> {
        KeyedDecodingContainer(try CompactKeyedDecoding(source, place))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer { try CompactListDecoding(source, place) }
    func singleValueContainer() -> any SingleValueDecodingContainer {
        CompactSingleDecoding(source: source, place: place)
    }
}

private final class CompactKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    private let source: CompactSource
    private let entries: Range<Int>
    /// Where the next key is, if they are asked for in the order they were written.
    @exclusivity(unchecked) private var next: Int

    init(_ source: CompactSource, _ place: Int) throws {
        let tag = try source.tag(at: place)
        guard tag == .keyed else { throw source.mismatch([String: Any].self, tag) }
        self.source = source
        entries = try source.stretch(at: place + 1)
        next = entries.lowerBound
    }

    var codingPath: [any CodingKey] { source.path }

    /// The place of a key's value; nil when it is not there.
    private func find(_ key: String) throws -> Int? {
        var key = key
        return try key.withUTF8 { key in
            try find(key, in: next..<entries.upperBound) ?? find(key, in: entries.lowerBound..<next)
        }
    }

    private func find(_ wanted: UnsafeBufferPointer<UInt8>, in range: Range<Int>) throws -> Int? {
        var place = range.lowerBound
        while place < range.upperBound {
            let key = try source.key(at: place)
            if source.has(wanted, at: key) {
                next = place
                return key.upperBound
            }
            place = try end(ofValueAt: key.upperBound)
        }
        return nil
    }

    private func end(ofValueAt place: Int) throws -> Int {
        let end = try source.end(ofValueAt: place)
        guard end <= entries.upperBound else { throw source.broken() }
        return end
    }

    private func value<Value>(_ key: Key, _ read: (Int) throws -> Value) throws -> Value {
        guard let place = try find(key.stringValue) else {
            throw DecodingError.keyNotFound(
                key, DecodingError.Context(codingPath: codingPath, debugDescription: "it was not sent"))
        }
        let value = try read(place)
        next = try end(ofValueAt: place)
        return value
    }

    var allKeys: [Key] {
        var keys: [Key] = []
        var place = entries.lowerBound
        while place < entries.upperBound, let range = try? source.key(at: place),
            let end = try? source.end(ofValueAt: range.upperBound)
        {
            if let key = Key(stringValue: source.text(range)) { keys.append(key) }
            place = end
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { (try? find(key.stringValue)) != nil }

    func decodeNil(forKey key: Key) throws -> Bool {
        guard let place = try find(key.stringValue) else { return true }
        return try source.tag(at: place) == .null
    }

    // Each of the protocol's own types by itself, as in the encoder.
    func decode(_: String.Type, forKey key: Key) throws -> String { try value(key) { try source.string(at: $0, key) } }
    func decode(_: Int.Type, forKey key: Key) throws -> Int {
        try value(key) { try source.integer(Int.self, at: $0, key) }
    }
    func decode(_: Bool.Type, forKey key: Key) throws -> Bool { try value(key) { try source.bool(at: $0, key) } }
    func decode(_: Double.Type, forKey key: Key) throws -> Double { try value(key) { try source.double(at: $0, key) } }
    func decode(_: Float.Type, forKey key: Key) throws -> Float { try value(key) { try source.float(at: $0, key) } }
    func decode(_: UInt8.Type, forKey key: Key) throws -> UInt8 {
        try value(key) { try source.integer(UInt8.self, at: $0, key) }
    }
    func decode(_: Int32.Type, forKey key: Key) throws -> Int32 {
        try value(key) { try source.integer(Int32.self, at: $0, key) }
    }
    func decode(_: UInt32.Type, forKey key: Key) throws -> UInt32 {
        try value(key) { try source.integer(UInt32.self, at: $0, key) }
    }
    func decode(_: Int64.Type, forKey key: Key) throws -> Int64 {
        try value(key) { try source.integer(Int64.self, at: $0, key) }
    }
    func decode(_: UInt64.Type, forKey key: Key) throws -> UInt64 {
        try value(key) { try source.integer(UInt64.self, at: $0, key) }
    }
    func decode(_: UInt.Type, forKey key: Key) throws -> UInt {
        try value(key) { try source.integer(UInt.self, at: $0, key) }
    }
    func decode(_: Int16.Type, forKey key: Key) throws -> Int16 {
        try value(key) { try source.integer(Int16.self, at: $0, key) }
    }
    func decode(_: UInt16.Type, forKey key: Key) throws -> UInt16 {
        try value(key) { try source.integer(UInt16.self, at: $0, key) }
    }
    func decode(_: Int8.Type, forKey key: Key) throws -> Int8 {
        try value(key) { try source.integer(Int8.self, at: $0, key) }
    }
    func decode<Value: Decodable>(_: Value.Type, forKey key: Key) throws -> Value {
        try value(key) { try source.value(Value.self, at: $0, key: key) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try value(key) { KeyedDecodingContainer(try CompactKeyedDecoding<Nested>(source, $0)) }
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try value(key) { try CompactListDecoding(source, $0) }
    }

    func superDecoder() throws -> any Decoder {
        guard let place = try find("super") else { throw source.broken("there is no superclass") }
        return CompactValueDecoder(source: source, place: place)
    }

    func superDecoder(forKey key: Key) throws -> any Decoder {
        try value(key) { CompactValueDecoder(source: source, place: $0) }
    }
}

private struct CompactListDecoding: UnkeyedDecodingContainer {
    private let source: CompactSource
    private let end: Int
    private var place: Int
    /// The elements are bare bytes.
    private let isBytes: Bool
    let count: Int?
    private(set) var currentIndex = 0

    init(_ source: CompactSource, _ place: Int) throws {
        let tag = try source.tag(at: place)
        guard tag == .list || tag == .bytes else { throw source.mismatch([Any].self, tag) }
        self.source = source
        let stretch = try source.stretch(at: place + 1)
        isBytes = tag == .bytes
        // Not more than there can be: somebody may make room for them.
        count = isBytes ? stretch.count : min(stretch.count, Int(try source.number(UInt32.self, at: place + 5)))
        self.place = isBytes ? stretch.lowerBound : stretch.lowerBound + 4
        end = stretch.upperBound
    }

    var codingPath: [any CodingKey] { source.path }
    var isAtEnd: Bool { place >= end }

    private mutating func element<Value>(_: Value.Type, _ read: (CompactSource, Int) throws -> Value) throws -> Value {
        guard !isAtEnd else {
            throw DecodingError.valueNotFound(
                Value.self, DecodingError.Context(codingPath: codingPath, debugDescription: "the list has ended"))
        }
        // Bare bytes have no tags: each is read as the number it is.
        let (from, at) =
            isBytes
            ? (CompactSource([CompactTag.unsigned.rawValue, source.bytes[place], 0, 0, 0, 0, 0, 0, 0]), 0)
            : (source, place)
        let value = try read(from, at)
        place = isBytes ? place + 1 : try source.end(ofValueAt: place)
        currentIndex += 1
        return value
    }

    mutating func decodeNil() throws -> Bool {
        guard !isAtEnd, !isBytes, try source.tag(at: place) == .null else { return false }
        place += 1
        currentIndex += 1
        return true
    }

    mutating func decode<Value: Decodable>(_: Value.Type) throws -> Value {
        try element(Value.self) { try $0.value(Value.self, at: $1, key: nil) }
    }

    mutating func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type
    ) throws -> KeyedDecodingContainer<Nested> {
        try element(KeyedDecodingContainer<Nested>.self) {
            KeyedDecodingContainer(try CompactKeyedDecoding<Nested>($0, $1))
        }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer {
        try element((any UnkeyedDecodingContainer).self) { try CompactListDecoding($0, $1) }
    }

    mutating func superDecoder() throws -> any Decoder {
        try element((any Decoder).self) { CompactValueDecoder(source: $0, place: $1) }
    }
}

private struct CompactSingleDecoding: SingleValueDecodingContainer {
    let source: CompactSource
    let place: Int
    var codingPath: [any CodingKey] { source.path }

    func decodeNil() -> Bool { (try? source.tag(at: place)) == .null }
    func decode<Value: Decodable>(_: Value.Type) throws -> Value { try source.value(Value.self, at: place, key: nil) }
}
