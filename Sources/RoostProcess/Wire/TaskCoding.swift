import CRoostProcess
import Roost

/// Values to bytes and back: encoded, with memory beside it; the bytes themselves where a value is nothing but numbers.
enum TaskCoding {
    // MARK: Encoding

    /// Encodes a value for the other side; what does not fit a frame goes into an arena.
    static func encode<Value: Encodable>(
        _ value: Value, with encoder: CompactEncoder = CompactEncoder()
    ) throws -> Payload {
        if Value.self == String.self, let payload = text(value as! String) { return try spill(payload) }
        var (bytes, parcel) = try encoder.encode(value)
        guard let parcel else { return try spill(Payload(flags: [], bytes: bytes, size: bytes.count)) }
        bytes += parcel.inline
        let size = bytes.count + parcel.sent.reduce(0) { $0 + $1.count }
        return try spill(
            Payload(flags: [], bytes: bytes, storages: parcel.sent, descriptors: parcel.descriptors, size: size))
    }

    /// The same for a text, which has nothing beside it. Nil for one that is too long.
    private static func text(_ text: String) -> Payload? {
        let count = text.utf8.count
        guard count < Int(Int32.max) else { return nil }
        var bytes = CompactBytes(capacity: count + 13)
        bytes.add(number: UInt64(count + 5))
        bytes.add(text, key: nil)
        return Payload(flags: [], bytes: bytes.array, size: bytes.array.count)
    }

    /// The bytes of a number as they lie in memory: for ``isRawOutput(_:)``.
    static func encodeRaw<Value>(_ value: Value) -> Payload {
        let bytes = withUnsafeBytes(of: value) { Array($0) }
        return Payload(flags: .raw, bytes: bytes, size: bytes.count)
    }

    /// Tasks as they lie in memory; nil when they do not go so.
    static func encodeRaw<T: IsolatedTask>(_ tasks: [T]) throws -> Payload? {
        guard let first = tasks.first, let layout = RawLayout.of(first),
            let bytes = tasks.withUnsafeBufferPointer({ layout.bytes(of: $0) })
        else { return nil }
        return try spill(Payload(flags: .raw, bytes: bytes, size: bytes.count))
    }

    /// A value alone, for updates and errors: no memory beside it.
    static func encodePlainly(_ value: some Encodable) throws -> [UInt8] { try CompactEncoder.encode(value) }

    /// What is too large for a frame goes into an arena, and the frame says where.
    static func spill(_ payload: Payload) throws -> Payload {
        guard payload.bytes.count > Int(ROOST_FRAME_LIMIT) else { return payload }
        let memory = try Bytes(copying: payload.bytes)
        guard let lease = memory.storage.lease else {
            throw ProcessPoolError.broken("a large payload without an arena")
        }
        var spilled = payload
        spilled.flags.insert(.spilled)
        spilled.storages.append(memory.storage)
        spilled.bytes = []
        for number in [lease.arena.id, 0, UInt64(memory.count)] {
            withUnsafeBytes(of: number.littleEndian) { spilled.bytes.append(contentsOf: $0) }
        }
        return spilled
    }

    // MARK: Decoding

    /// Calls `body` with a payload's bytes, wherever they are.
    static func withPayload<Result>(
        _ bytes: UnsafeRawBufferPointer, _ flags: FrameFlags, _ port: ArenaPort,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) throws -> Result {
        guard flags.contains(.spilled) else { return try body(bytes) }
        guard bytes.count == 24 else { throw ProcessPoolError.broken("a reference of \(bytes.count) bytes") }
        let numbers = (0..<3).map { bytes.loadUnaligned(fromByteOffset: $0 * 8, as: UInt64.self) }
        guard let offset = Int(exactly: numbers[1]), let count = Int(exactly: numbers[2]) else {
            throw ProcessPoolError.broken("a reference out of range")
        }
        let memory = try Bytes(storage: port.borrow(Parcel.Reference(arena: numbers[0], offset: offset, count: count)))
        return try memory.withUnsafeBytes(body)
    }

    /// Decodes what ``encode(_:with:)`` made.
    static func decode<Value: Decodable>(
        _: Value.Type, from bytes: UnsafeRawBufferPointer, port: ArenaPort
    ) throws -> Value { try decode(Value.self, from: CompactSource(bytes), 0..<bytes.count, bytes, port) }

    /// The same from a stretch of `source`, whose bytes are also those of `bytes`.
    static func decode<Value: Decodable>(
        _: Value.Type, from source: CompactSource, _ stretch: Range<Int>, _ bytes: UnsafeRawBufferPointer,
        _ port: ArenaPort
    ) throws -> Value {
        guard stretch.count >= 8 else { throw ProcessPoolError.broken("a payload of \(stretch.count) bytes") }
        let count = try source.number(UInt64.self, at: stretch.lowerBound)
        guard count <= UInt64(stretch.count - 8) else { throw ProcessPoolError.broken("a payload that is cut off") }
        let border = stretch.lowerBound + 8 + Int(count)
        let beside = UnsafeRawBufferPointer(rebasing: bytes[border..<stretch.upperBound])
        return try source.value(Value.self, at: stretch.lowerBound + 8, beside: (beside, port))
    }

    /// Decodes what ``encodePlainly(_:)`` made.
    static func decodePlainly<Value: Decodable>(_: Value.Type, from bytes: UnsafeRawBufferPointer) throws -> Value {
        try CompactDecoder.decode(Value.self, from: bytes)
    }

    // MARK: Raw values

    /// Tasks that came as they are in memory.
    static func decodeRaw<T: IsolatedTask>(_: T.Type, _ count: Int, from bytes: UnsafeRawBufferPointer) throws -> [T] {
        guard let layout = RawLayout.of(T.self) else { throw ProcessPoolError.broken("a bare \(T.self)") }
        return try layout.values(T.self, count, from: bytes)
    }

    /// Whether an output may cross as it is in memory: a number, of which any bits are a valid value. A worker that is about to crash may send anything.
    static func isRawOutput<Value>(_: Value.Type) -> Bool { Value.self is any AnyBitsAreValid.Type }

    /// An output that came as it is in memory.
    static func decodeRawOutput<Value>(_: Value.Type, from bytes: UnsafeRawBufferPointer) throws -> Value {
        guard isRawOutput(Value.self) else { throw ProcessPoolError.broken("a bare \(Value.self)") }
        guard bytes.count == MemoryLayout<Value>.size else {
            throw ProcessPoolError.broken("\(bytes.count) bytes for a \(Value.self)")
        }
        return loaded(Value.self, from: bytes) { $0.load(as: Value.self) }
    }

    /// Calls `body` with a copy that is aligned for the type: a frame is not aligned for all.
    private static func loaded<Value, Result>(
        _: Value.Type, from bytes: UnsafeRawBufferPointer, _ body: (UnsafeMutableRawBufferPointer) -> Result
    ) -> Result {
        withUnsafeTemporaryAllocation(byteCount: bytes.count, alignment: MemoryLayout<Value>.alignment) { copy in
            copy.copyMemory(from: bytes)
            return body(copy)
        }
    }
}

/// A type of which every pattern of bits is a value.
private protocol AnyBitsAreValid {}
extension Int: AnyBitsAreValid {}
extension Int8: AnyBitsAreValid {}
extension Int16: AnyBitsAreValid {}
extension Int32: AnyBitsAreValid {}
extension Int64: AnyBitsAreValid {}
extension UInt: AnyBitsAreValid {}
extension UInt8: AnyBitsAreValid {}
extension UInt16: AnyBitsAreValid {}
extension UInt32: AnyBitsAreValid {}
extension UInt64: AnyBitsAreValid {}
extension Double: AnyBitsAreValid {}
extension Float: AnyBitsAreValid {}
