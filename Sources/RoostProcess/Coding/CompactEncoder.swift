/// Encodes values for the other side of a connection: their own `Codable` code, into bytes that are quick to write and to read.
///
/// Nearly all is written in one go. A container that was asked for by itself (`nestedContainer`, `superEncoder`) may be filled in any
/// order beside others, and gets a piece of its own, put in its place at the end. Used by one thread at a time, again and again.
final class CompactEncoder {
    private let encoding = CompactEncoding()
    private let piece: CompactPiece

    init() {
        piece = CompactPiece(encoding)
    }

    /// The value behind its size, a UInt64; the parcel has what travels beside it, nil for nothing. Throws what the value throws, and
    /// `EncodingError` for one that is nested too deeply.
    func encode<Value: Encodable>(_ value: Value) throws -> (bytes: [UInt8], parcel: Parcel?) {
        encoding.begin(hasParcel: true)
        // Memory that travels is not held until the next value comes.
        defer { encoding.dropParcel() }
        piece.begin(hasSize: true)
        try piece.put(value, key: nil)
        try piece.join()
        piece.setSize()
        return (piece.bytes.array, encoding.parcel)
    }

    /// A value alone.
    static func encode<Value: Encodable>(_ value: Value) throws -> [UInt8] {
        let piece = CompactPiece(CompactEncoding())
        try piece.put(value, key: nil)
        try piece.join()
        return piece.bytes.array
    }
}

/// What all containers of one encoding share.
///
/// Exclusive access is not checked while it runs, here and in the other classes that encode and decode: one thread has them, no code of a
/// value's runs while one of these properties is changed, and the check would take longer than the change.
final class CompactEncoding {
    private var hasParcel = false
    /// Made when a value asks for it.
    private(set) var parcel: Parcel?
    /// The keys of the values that are being written, from the outermost in.
    @exclusivity(unchecked) private(set) var path: [any CodingKey] = []
    @exclusivity(unchecked) private var depth = 0

    func begin(hasParcel: Bool) {
        self.hasParcel = hasParcel
        parcel = nil
        if !path.isEmpty { path = [] }
        depth = 0
    }

    func dropParcel() { parcel = nil }

    var userInfo: [CodingUserInfoKey: Any] {
        guard hasParcel else { return [:] }
        let parcel = parcel ?? Parcel()
        self.parcel = parcel
        return [Parcel.key: parcel]
    }

    /// Calls `body` one level deeper.
    func descend(_ value: some Encodable, _ key: (any CodingKey)?, _ body: () throws -> Void) throws {
        guard depth < compactDepth else {
            // Neither the value nor the whole path: both may be without end.
            throw EncodingError.invalidValue(
                type(of: value),
                EncodingError.Context(
                    codingPath: Array(path.prefix(8)),
                    debugDescription: "a value in there lies in more than \(compactDepth) others"))
        }
        depth += 1
        if let key { path.append(key) }
        defer {
            depth -= 1
            if key != nil { path.removeLast() }
        }
        try body()
    }
}

/// Bytes that grow at their end.
struct CompactBytes {
    fileprivate(set) var array: [UInt8] = []

    init(capacity: Int = 0) { array.reserveCapacity(capacity) }

    mutating func add(_ tag: CompactTag, key: String?) {
        if let key { add(key: key) }
        array.append(tag.rawValue)
    }

    mutating func add(_ text: String, key: String?) {
        add(.text, key: key)
        var text = text
        text.withUTF8 { bytes in
            add(number: UInt32(truncatingIfNeeded: bytes.count))
            array.append(contentsOf: bytes)
        }
    }

    mutating func add(integer: some FixedWidthInteger, key: String?) {
        if let small = Int8(exactly: integer) {
            add(.small, key: key)
            array.append(UInt8(bitPattern: small))
        } else if let signed = Int64(exactly: integer) {
            add(.signed, key: key)
            add(number: signed)
        } else {
            add(.unsigned, key: key)
            add(number: UInt64(truncatingIfNeeded: integer))
        }
    }

    mutating func add(_ double: Double, key: String?) {
        add(.double, key: key)
        add(number: double.bitPattern)
    }

    mutating func add(_ float: Float, key: String?) {
        add(.float, key: key)
        add(number: float.bitPattern)
    }

    mutating func add(bytes: [UInt8], key: String?) {
        add(.bytes, key: key)
        add(number: UInt32(truncatingIfNeeded: bytes.count))
        array.append(contentsOf: bytes)
    }

    mutating func add(number: some FixedWidthInteger) {
        withUnsafeBytes(of: number.littleEndian) { array.append(contentsOf: $0) }
    }

    mutating func add(key: String) {
        var key = key
        key.withUTF8 { bytes in
            if bytes.count < 255 {
                array.append(UInt8(bytes.count))
            } else {
                array.append(255)
                add(number: UInt32(truncatingIfNeeded: bytes.count))
            }
            array.append(contentsOf: bytes)
        }
    }

    func number(at place: Int) -> UInt32 {
        array.withUnsafeBytes { UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: place, as: UInt32.self)) }
    }

    mutating func increase(by more: Int, at place: Int) {
        let sum = number(at: place) &+ UInt32(truncatingIfNeeded: more)
        array.withUnsafeMutableBytes { $0.storeBytes(of: sum.littleEndian, toByteOffset: place, as: UInt32.self) }
    }
}

/// A stretch of an encoding.
final class CompactPiece {
    let encoding: CompactEncoding
    @exclusivity(unchecked) fileprivate(set) var bytes = CompactBytes()
    /// Where the containers begin that are still written.
    @exclusivity(unchecked) private var open: [Int] = []
    private var inserts: [(place: Int, within: [Int], piece: CompactPiece)] = []

    init(_ encoding: CompactEncoding) {
        self.encoding = encoding
    }

    /// From the beginning.
    func begin(hasSize: Bool) {
        bytes.array.removeAll(keepingCapacity: true)
        bytes.array.reserveCapacity(128)
        if hasSize { bytes.add(number: UInt64(0)) }
        open.removeAll(keepingCapacity: true)
        inserts = []
    }

    // MARK: Values

    /// One of the types that every container has by itself, or any other, which then writes itself.
    @inline(__always)
    func put<Value: Encodable>(_ value: Value, key: (any CodingKey)?) throws {
        // Each question is answered by the compiler where the type is known.
        if Value.self == String.self { return bytes.add(value as! String, key: key?.stringValue) }
        if Value.self == Int.self { return bytes.add(integer: value as! Int, key: key?.stringValue) }
        if Value.self == Bool.self { return bytes.add(value as! Bool ? .yes : .no, key: key?.stringValue) }
        if Value.self == Double.self { return bytes.add(value as! Double, key: key?.stringValue) }
        if Value.self == Float.self { return bytes.add(value as! Float, key: key?.stringValue) }
        if Value.self == UInt8.self { return bytes.add(integer: value as! UInt8, key: key?.stringValue) }
        if Value.self == Int32.self { return bytes.add(integer: value as! Int32, key: key?.stringValue) }
        if Value.self == UInt32.self { return bytes.add(integer: value as! UInt32, key: key?.stringValue) }
        if Value.self == Int64.self { return bytes.add(integer: value as! Int64, key: key?.stringValue) }
        if Value.self == UInt64.self { return bytes.add(integer: value as! UInt64, key: key?.stringValue) }
        if Value.self == UInt.self { return bytes.add(integer: value as! UInt, key: key?.stringValue) }
        if Value.self == Int16.self { return bytes.add(integer: value as! Int16, key: key?.stringValue) }
        if Value.self == UInt16.self { return bytes.add(integer: value as! UInt16, key: key?.stringValue) }
        if Value.self == Int8.self { return bytes.add(integer: value as! Int8, key: key?.stringValue) }
        if Value.self == [UInt8].self { return bytes.add(bytes: value as! [UInt8], key: key?.stringValue) }
        try putOther(value, key: key)
    }

    private func putOther<Value: Encodable>(_ value: Value, key: (any CodingKey)?) throws {
        let mark = (bytes: bytes.array.count, open: open.count, inserts: inserts.count)
        do {
            if let key { bytes.add(key: key.stringValue) }
            try encoding.descend(value, key) {
                let encoder = CompactValueEncoder(self)
                try value.encode(to: encoder)
                encoder.finish()
            }
        } catch {
            // As if it had not begun: its container may go on without it.
            bytes.array.removeLast(bytes.array.count - mark.bytes)
            open.removeLast(open.count - mark.open)
            inserts.removeLast(inserts.count - mark.inserts)
            throw error
        }
    }

    func putNothing(key: (any CodingKey)?) { bytes.add(.null, key: key?.stringValue) }

    // MARK: Containers

    /// Begins a list or a keyed one; returns its place.
    func begin(_ tag: CompactTag) -> Int {
        let place = bytes.array.count
        open.append(place)
        bytes.add(tag, key: nil)
        bytes.add(number: UInt32(0))
        if tag == .list { bytes.add(number: UInt32(0)) }
        return place
    }

    /// What was begun last ends here.
    func end() {
        if let place = open.popLast() { bytes.increase(by: bytes.array.count - place - 5, at: place + 1) }
    }

    func count(ofListAt place: Int) -> Int { Int(bytes.number(at: place + 5)) }
    func countOne(ofListAt place: Int) { bytes.increase(by: 1, at: place + 5) }

    /// A place for what is written beside other things.
    func insert(key: (any CodingKey)?, name: String? = nil) -> CompactPiece {
        if let name = key?.stringValue ?? name { bytes.add(key: name) }
        let piece = CompactPiece(encoding)
        inserts.append((bytes.array.count, open, piece))
        return piece
    }

    /// How many bytes there are behind the size.
    func setSize() {
        let size = UInt64(bytes.array.count - 8)
        bytes.array.withUnsafeMutableBytes { $0.storeBytes(of: size.littleEndian, as: UInt64.self) }
    }

    /// Puts each insert in its place: then the bytes are whole.
    func join() throws {
        while !open.isEmpty { end() }
        if bytes.array.isEmpty {
            _ = begin(.keyed)
            end()
        }
        if !inserts.isEmpty { try putInserts() }
        guard bytes.array.count <= Int(UInt32.max) else {
            throw ProcessPoolError(
                .inputTooLarge, "a value of more than 4 GiB; use Bytes for large memory, which is not copied")
        }
    }

    private func putInserts() throws {
        var result: [UInt8] = []
        var place = 0
        let parts = try inserts.map { insert in
            try insert.piece.join()
            return (insert.place, insert.within, insert.piece.bytes.array)
        }
        for (_, within, part) in parts {
            for container in within { bytes.increase(by: part.count, at: container + 1) }
        }
        for (end, _, part) in parts {
            result += bytes.array[place..<end]
            result += part
            place = end
        }
        bytes.array = result + bytes.array[place...]
        inserts = []
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

    // Each of the protocol's own types by itself: one method for all of them would compare types while it runs, since this code is
    // compiled without knowing the type of the keys.
    func encode(_ value: String, forKey key: Key) { piece.bytes.add(value, key: key.stringValue) }
    func encode(_ value: Int, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: Bool, forKey key: Key) { piece.bytes.add(value ? .yes : .no, key: key.stringValue) }
    func encode(_ value: Double, forKey key: Key) { piece.bytes.add(value, key: key.stringValue) }
    func encode(_ value: Float, forKey key: Key) { piece.bytes.add(value, key: key.stringValue) }
    func encode(_ value: UInt8, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: Int32, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: UInt32, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: Int64, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: UInt64, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: UInt, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: Int16, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: UInt16, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode(_ value: Int8, forKey key: Key) { piece.bytes.add(integer: value, key: key.stringValue) }
    func encode<Value: Encodable>(_ value: Value, forKey key: Key) throws { try piece.put(value, key: key) }
    func encodeNil(forKey key: Key) { piece.putNothing(key: key) }

    func nestedContainer<Nested: CodingKey>(
        keyedBy _: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        let insert = piece.insert(key: key)
        _ = insert.begin(.keyed)
        return KeyedEncodingContainer(CompactKeyedEncoding<Nested>(piece: insert))
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        let insert = piece.insert(key: key)
        return CompactListEncoding(piece: insert, place: insert.begin(.list))
    }

    func superEncoder() -> any Encoder { CompactValueEncoder(piece.insert(key: nil, name: "super"), isAlone: true) }
    func superEncoder(forKey key: Key) -> any Encoder { CompactValueEncoder(piece.insert(key: key), isAlone: true) }
}

private struct CompactListEncoding: UnkeyedEncodingContainer {
    let piece: CompactPiece
    let place: Int
    var codingPath: [any CodingKey] { piece.encoding.path }
    var count: Int { piece.count(ofListAt: place) }

    func encodeNil() {
        piece.putNothing(key: nil)
        piece.countOne(ofListAt: place)
    }

    func encode<Value: Encodable>(_ value: Value) throws {
        try piece.put(value, key: nil)
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
        return piece.insert(key: nil)
    }
}

private struct CompactSingleEncoding: SingleValueEncodingContainer {
    let piece: CompactPiece
    var codingPath: [any CodingKey] { piece.encoding.path }

    func encodeNil() { piece.putNothing(key: nil) }
    func encode<Value: Encodable>(_ value: Value) throws { try piece.put(value, key: nil) }
}
