import Roost

/// The bytes that travel beside one encoded value: the value's own encoding only refers to them.
///
/// Used by one encoder or decoder at a time.
final class Parcel {
    static let key = CodingUserInfoKey(rawValue: "roost.parcel")!

    /// What an encoding holds in place of bytes.
    struct Reference: Codable {
        /// 0: within the frame itself.
        var arena: UInt64
        var offset: Int
        var count: Int
    }

    /// Small ones, one after the other.
    private(set) var inline: [UInt8] = []
    /// Large ones that were sent: held until the other side has let go of them.
    private(set) var sent: [BytesStorage] = []
    /// Descriptors that are sent with it.
    private(set) var descriptors: [(number: UInt64, descriptor: TransferredDescriptor)] = []
    private let received: UnsafeRawBufferPointer
    private let port: ArenaPort?

    /// For encoding.
    init() {
        received = UnsafeRawBufferPointer(start: nil, count: 0)
        port = nil
    }

    /// For decoding: what came inline, and where the large ones are looked up.
    init(inline: UnsafeRawBufferPointer, port: ArenaPort) {
        received = inline
        self.port = port
    }

    func add(_ bytes: Bytes) throws -> Reference {
        var storage = bytes.storage
        if bytes.count < ArenaStore.smallest {
            defer { bytes.withUnsafeBytes { inline.append(contentsOf: $0) } }
            return Reference(arena: 0, offset: inline.count, count: bytes.count)
        }
        if storage.lease == nil {
            // Read in place from another process: that one's memory cannot be passed on.
            let copy = try Bytes(count: bytes.count) { target in
                bytes.withUnsafeBytes { target.copyMemory(from: $0) }
            }
            storage = copy.storage
        }
        guard let lease = storage.lease else { throw ProcessPoolError.broken("bytes without an arena") }
        sent.append(storage)
        return Reference(arena: lease.arena.id, offset: 0, count: bytes.count)
    }

    func add(_ descriptor: TransferredDescriptor) -> UInt64 {
        let number = DescriptorNumber.next()
        descriptors.append((number, descriptor))
        return number
    }

    func takeDescriptor(_ number: UInt64) throws -> Int32 {
        guard let port else { throw ProcessPoolError.broken("a descriptor outside a pool") }
        return try port.takeDescriptor(number)
    }

    func take(_ reference: Reference) throws -> Bytes {
        guard reference.count >= 0, reference.offset >= 0 else { throw ProcessPoolError.broken("a negative size") }
        guard reference.arena == 0 else {
            guard let port else { throw ProcessPoolError.broken("bytes in an arena, outside a pool") }
            return try Bytes(storage: port.borrow(reference))
        }
        let end = reference.offset.addingReportingOverflow(reference.count)
        guard !end.overflow, end.partialValue <= received.count else {
            throw ProcessPoolError.broken("bytes beyond their frame")
        }
        return try Bytes(copying: UnsafeRawBufferPointer(rebasing: received[reference.offset..<end.partialValue]))
    }
}

/// Numbers of descriptors on their way: the upper half, the arenas have the lower one.
enum DescriptorNumber {
    static let first: UInt64 = 1 << 63
    private static let last = Locked(first)

    static func next() -> UInt64 {
        last.withLock { last in
            last += 1
            return last
        }
    }
}
