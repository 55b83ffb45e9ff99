import CRoostProcess
import Roost

/// Values to bytes and back: encoded, with memory beside it; the bytes themselves where a value is nothing but numbers.
enum TaskCoding {
    // MARK: Encoding

    /// Encodes a value for the other side; what does not fit a frame goes into an arena.
    static func encode<Value: Encodable>(
        _ value: Value, with encoder: CompactEncoder = CompactEncoder()
    ) throws -> Payload {
        var (bytes, parcel) = try encoder.encode(value)
        guard let parcel else { return try spill(Payload(flags: [], bytes: bytes, size: bytes.count)) }
        bytes += parcel.inline
        let size = bytes.count + parcel.sent.reduce(0) { $0 + $1.count }
        return try spill(
            Payload(flags: [], bytes: bytes, storages: parcel.sent, descriptors: parcel.descriptors, size: size))
    }

    /// The bytes of a value as they lie in memory. Only for what ``isRaw(_:)`` allows.
    static func encodeRaw<Value>(_ value: Value) -> Payload {
        let bytes = withUnsafeBytes(of: value) { Array($0) }
        return Payload(flags: .raw, bytes: bytes, size: bytes.count)
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
        return try source.value(Value.self, at: stretch.lowerBound + 8) {
            Parcel(inline: UnsafeRawBufferPointer(rebasing: bytes[border..<stretch.upperBound]), port: port)
        }
    }

    /// Decodes what ``encodePlainly(_:)`` made.
    static func decodePlainly<Value: Decodable>(_: Value.Type, from bytes: UnsafeRawBufferPointer) throws -> Value {
        try CompactDecoder.decode(Value.self, from: bytes)
    }

    // MARK: Raw values

    /// Whether a task may go as the bytes it has in memory: it is nothing but trivial values, and the worker was built from the very
    /// same code. The app's memory is trusted.
    static func isRaw<Value>(_: Value.Type) -> Bool {
        _isPOD(Value.self) && MemoryLayout<Value>.size > 0 && MemoryLayout<Value>.stride <= 16 * 1024
    }

    private static let asItWas = Locked<[ObjectIdentifier: Bool]>([:])

    /// Whether this task goes as its bytes. The first one of a type decides for all: it has to come out of its Codable form as it was,
    /// so that one that says itself how it is encoded is taken at its word.
    static func goesRaw<T: IsolatedTask>(_ task: T) -> Bool {
        guard isRaw(T.self) else { return false }
        if let known = asItWas.withLock({ $0[ObjectIdentifier(T.self)] }) { return known }
        var isSame = false
        if let bytes = try? encodePlainly(task),
            let back = try? bytes.withUnsafeBytes({ try decodePlainly(T.self, from: $0) })
        {
            var texts = ("", "")
            dump(task, to: &texts.0)
            dump(back, to: &texts.1)
            isSame = texts.0 == texts.1
        }
        asItWas.withLock { $0[ObjectIdentifier(T.self)] = isSame }
        return isSame
    }

    /// Whether an output may: a number, of which any bits are a valid value. A worker that is about to crash may send anything.
    static func isRawOutput<Value>(_: Value.Type) -> Bool { Value.self is any AnyBitsAreValid.Type }

    /// So many of them, one behind the other.
    static func decodeRaw<Value>(_: Value.Type, _ count: Int, from bytes: UnsafeRawBufferPointer) throws -> [Value] {
        guard isRaw(Value.self), bytes.count == MemoryLayout<Value>.stride * (count - 1) + MemoryLayout<Value>.size
        else {
            throw ProcessPoolError.broken("\(bytes.count) bytes for \(count) of \(Value.self)")
        }
        return loaded(Value.self, from: bytes) { copy in
            (0..<count).map { copy.load(fromByteOffset: $0 * MemoryLayout<Value>.stride, as: Value.self) }
        }
    }

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
