/// Encodes values for the other side of a connection: their own `Codable` code, into bytes that are quick to write and to read.
///
/// Nearly all is written in one go. A container that was asked for by itself (`nestedContainer`, `superEncoder`) may be filled in any
/// order beside others, and gets a piece of its own, put in its place at the end.
enum CompactEncoder {
    /// Appends the value to `bytes`. Throws what the value throws, and `EncodingError` for one that is nested too deeply.
    static func encode<Value: Encodable>(
        _ value: Value, after bytes: [UInt8] = [], parcel: Parcel? = nil
    ) throws -> [UInt8] {
        let piece = CompactPiece(CompactEncoding(parcel), bytes)
        try piece.put(value)
        return try piece.joined()
    }
}

/// What all containers of one encoding share.
final class CompactEncoding {
    private let parcel: Parcel?
    /// The keys of the values that are being written, from the outermost in.
    private var keys: [any CodingKey] = []
    /// The key of what is written next; only a value that writes itself gets to `keys` with it.
    // proof: one thread has it, and no access lasts longer than its statement.
    @exclusivity(unchecked) var key: (any CodingKey)?
    private var depth = 0

    init(_ parcel: Parcel?) {
        self.parcel = parcel
    }

    var userInfo: [CodingUserInfoKey: Any] { parcel.map { [Parcel.key: $0] } ?? [:] }
    var path: [any CodingKey] { key.map { keys + [$0] } ?? keys }

    /// Calls `body` one level deeper.
    func descend(_ value: some Encodable, _ body: () throws -> Void) throws {
        guard depth < compactDepth else {
            throw EncodingError.invalidValue(
                value,
                EncodingError.Context(
                    codingPath: path, debugDescription: "it lies in more than \(compactDepth) other values"))
        }
        depth += 1
        let own = key
        if let own { keys.append(own) }
        key = nil
        defer {
            depth -= 1
            if own != nil { keys.removeLast() }
        }
        try body()
    }
}

/// A stretch of bytes that grows at its end.
final class CompactPiece {
    let encoding: CompactEncoding
    // proof: one thread has it, and no access lasts longer than its statement.
    @exclusivity(unchecked) private(set) var bytes: [UInt8]
    /// Where the containers begin that are still written.
    // proof: as above.
    @exclusivity(unchecked) private var open: [Int] = []
    private var inserts: [(place: Int, within: [Int], piece: CompactPiece)] = []

    init(_ encoding: CompactEncoding, _ bytes: [UInt8] = []) {
        self.encoding = encoding
        self.bytes = bytes
        if bytes.capacity < 128 { self.bytes.reserveCapacity(128) }
    }

    // MARK: Values

    /// One of the types that every container has by itself, or any other, which then writes itself.
    @inline(__always)
    func put<Value: Encodable>(_ value: Value) throws {
        // Each question is answered by the compiler where the type is known.
        if Value.self == String.self { return put(value as! String) }
        if Value.self == Int.self { return put(integer: value as! Int) }
        if Value.self == Bool.self { return put(tag: value as! Bool ? .yes : .no) }
        if Value.self == Double.self { return put(value as! Double) }
        if Value.self == Float.self { return put(value as! Float) }
        if Value.self == UInt8.self { return put(integer: value as! UInt8) }
        if Value.self == Int32.self { return put(integer: value as! Int32) }
        if Value.self == UInt32.self { return put(integer: value as! UInt32) }
        if Value.self == Int64.self { return put(integer: value as! Int64) }
        if Value.self == UInt64.self { return put(integer: value as! UInt64) }
        if Value.self == UInt.self { return put(integer: value as! UInt) }
        if Value.self == Int16.self { return put(integer: value as! Int16) }
        if Value.self == UInt16.self { return put(integer: value as! UInt16) }
        if Value.self == Int8.self { return put(integer: value as! Int8) }
        if Value.self == [UInt8].self { return put(bytes: value as! [UInt8]) }
        try putOther(value)
    }

    private func putOther<Value: Encodable>(_ value: Value) throws {
        try encoding.descend(value) {
            let encoder = CompactValueEncoder(self)
            try value.encode(to: encoder)
            encoder.finish()
        }
    }

    func put(tag: CompactTag) { bytes.append(tag.rawValue) }

    private func put(_ text: String) {
        put(tag: .text)
        put(number: UInt32(truncatingIfNeeded: text.utf8.count))
        put(utf8: text)
    }

    private func put(utf8 text: String) {
        var text = text
        text.withUTF8 { bytes.append(contentsOf: $0) }
    }

    private func put(integer: some FixedWidthInteger) {
        if let small = Int8(exactly: integer) {
            put(tag: .small)
            bytes.append(UInt8(bitPattern: small))
        } else if let signed = Int64(exactly: integer) {
            put(tag: .signed)
            put(number: signed)
        } else {
            put(tag: .unsigned)
            put(number: UInt64(truncatingIfNeeded: integer))
        }
    }

    private func put(_ double: Double) {
        put(tag: .double)
        put(number: double.bitPattern)
    }

    private func put(_ float: Float) {
        put(tag: .float)
        put(number: float.bitPattern)
    }

    private func put(bytes more: [UInt8]) {
        put(tag: .bytes)
        put(number: UInt32(truncatingIfNeeded: more.count))
        bytes.append(contentsOf: more)
    }

    private func put(number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { bytes.append(contentsOf: $0) }
    }

    func put(key: String) {
        let count = key.utf8.count
        if count < 255 {
            bytes.append(UInt8(count))
        } else {
            bytes.append(255)
            put(number: UInt32(truncatingIfNeeded: count))
        }
        put(utf8: key)
    }

    // MARK: Containers

    /// Begins a list or a keyed one; returns its place.
    func begin(_ tag: CompactTag) -> Int {
        let place = bytes.count
        open.append(place)
        put(tag: tag)
        put(number: UInt32(0))
        if tag == .list { put(number: UInt32(0)) }
        return place
    }

    /// What was begun last ends here.
    func end() {
        guard let place = open.popLast() else { return }
        add(bytes.count - place - 5, at: place + 1)
    }

    func count(ofListAt place: Int) -> Int { Int(number(at: place + 5)) }
    func countOne(ofListAt place: Int) { add(1, at: place + 5) }

    /// A place for what is written beside other things.
    func insert() -> CompactPiece {
        let piece = CompactPiece(encoding)
        inserts.append((bytes.count, open, piece))
        return piece
    }

    /// How far it is written.
    var mark: (bytes: Int, open: Int, inserts: Int) { (bytes.count, open.count, inserts.count) }

    /// A value that threw has written a part of itself: as if it had not begun. (Its container may go on without it.)
    func taken(back mark: (bytes: Int, open: Int, inserts: Int), _ error: any Error) -> any Error {
        bytes.removeLast(bytes.count - mark.bytes)
        open.removeLast(open.count - mark.open)
        inserts.removeLast(inserts.count - mark.inserts)
        return error
    }

    /// Everything, with each insert in its place.
    func joined() throws -> [UInt8] {
        while !open.isEmpty { end() }
        if bytes.isEmpty {
            _ = begin(.keyed)
            end()
        }
        if !inserts.isEmpty { try join() }
        guard bytes.count <= Int(UInt32.max) else {
            throw ProcessPoolError(
                .inputTooLarge, "a value of more than 4 GiB; use Bytes for large memory, which is not copied")
        }
        return bytes
    }

    private func join() throws {
        var result: [UInt8] = []
        var place = 0
        let parts = try inserts.map { ($0.place, $0.within, try $0.piece.joined()) }
        for (_, within, part) in parts {
            for container in within { add(part.count, at: container + 1) }
        }
        for (end, _, part) in parts {
            result += bytes[place..<end]
            result += part
            place = end
        }
        bytes = result + bytes[place...]
        inserts = []
    }

    private func number(at place: Int) -> UInt32 {
        bytes.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
    }

    private func add(_ more: Int, at place: Int) {
        let sum = number(at: place) &+ UInt32(truncatingIfNeeded: more)
        bytes.withUnsafeMutableBytes { $0.storeBytes(of: sum.littleEndian, toByteOffset: place, as: UInt32.self) }
    }
}

/// What a value writes itself with.
final class CompactValueEncoder: Encoder {
    let piece: CompactPiece
    private var container: (tag: CompactTag, place: Int)?
    private var hasValue = false
    /// In a piece of its own it ends when all pieces are joined.
    private let isAlone: Bool

    init(_ piece: CompactPiece, isAlone: Bool = false) {
        self.piece = piece
        self.isAlone = isAlone
    }

    var codingPath: [any CodingKey] { piece.encoding.path }
    var userInfo: [CodingUserInfoKey: Any] { piece.encoding.userInfo }

    /// Asked for again (by a superclass, say) it is the same one.
    private func place(of tag: CompactTag) -> Int {
        if let container {
            precondition(container.tag == tag, "a value asked its encoder for two kinds of container")
            return container.place
        }
        let place = piece.begin(tag)
        container = (tag, place)
        return place
    }

    func container<Key: CodingKey>(keyedBy _: Key.Type) -> KeyedEncodingContainer<Key> {
        _ = place(of: .keyed)
        return KeyedEncodingContainer(CompactKeyedEncoding(piece: piece))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        CompactListEncoding(piece: piece, place: place(of: .list))
    }

    func singleValueContainer() -> any SingleValueEncodingContainer {
        hasValue = true
        return CompactSingleEncoding(piece: piece)
    }

    /// The value has written itself.
    func finish() {
        if container != nil, !isAlone { piece.end() }
        if container == nil, !hasValue {
            _ = piece.begin(.keyed)
            piece.end()
        }
    }
}

private struct CompactKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let piece: CompactPiece
    var codingPath: [any CodingKey] { piece.encoding.path }

    func encodeNil(forKey key: Key) {
        piece.put(key: key.stringValue)
        piece.put(tag: .null)
    }

    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws {
        piece.encoding.key = key
        defer { piece.encoding.key = nil }
        let mark = piece.mark
        piece.put(key: key.stringValue)
        do { try piece.put(value) } catch { throw piece.taken(back: mark, error) }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        let insert = insert(key.stringValue)
        _ = insert.begin(.keyed)
        return KeyedEncodingContainer(CompactKeyedEncoding<Nested>(piece: insert))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        let insert = insert(key.stringValue)
        return CompactListEncoding(piece: insert, place: insert.begin(.list))
    }

    func superEncoder() -> any Encoder { CompactValueEncoder(insert("super"), isAlone: true) }
    func superEncoder(forKey key: Key) -> any Encoder {
        CompactValueEncoder(insert(key.stringValue), isAlone: true)
    }

    private func insert(_ key: String) -> CompactPiece {
        piece.put(key: key)
        return piece.insert()
    }
}

private struct CompactListEncoding: UnkeyedEncodingContainer {
    let piece: CompactPiece
    let place: Int
    var codingPath: [any CodingKey] { piece.encoding.path }
    var count: Int { piece.count(ofListAt: place) }

    func encodeNil() {
        piece.countOne(ofListAt: place)
        piece.put(tag: .null)
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        let mark = piece.mark
        do { try piece.put(value) } catch { throw piece.taken(back: mark, error) }
        piece.countOne(ofListAt: place)
    }

    func nestedContainer<Nested: CodingKey>(keyedBy _: Nested.Type) -> KeyedEncodingContainer<Nested> {
        let insert = insert()
        _ = insert.begin(.keyed)
        return KeyedEncodingContainer(CompactKeyedEncoding<Nested>(piece: insert))
    }

    func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer {
        let insert = insert()
        return CompactListEncoding(piece: insert, place: insert.begin(.list))
    }

    func superEncoder() -> any Encoder { CompactValueEncoder(insert(), isAlone: true) }

    private func insert() -> CompactPiece {
        piece.countOne(ofListAt: place)
        return piece.insert()
    }
}

private struct CompactSingleEncoding: SingleValueEncodingContainer {
    let piece: CompactPiece
    var codingPath: [any CodingKey] { piece.encoding.path }

    func encodeNil() { piece.put(tag: .null) }
    func encode<Value: Encodable>(_ value: Value) throws { try piece.put(value) }
}
