import Glibc
import Roost

/// Memory that crosses to a worker and back without being copied: from 64 KiB on it lies in pages that both processes map.
///
/// Fill it once, at its creation; from then on it is read-only and may be shared freely. The pages are used again when the last
/// value that shows them is gone, in this process and in the other one. As part of a task or an output it goes by reference;
/// any other encoder gets its contents.
public struct Bytes: Sendable {
    let storage: BytesStorage

    init(storage: BytesStorage) {
        self.storage = storage
    }

    /// Creates `count` bytes and has them filled; before the closure is called they hold anything. Throws what the closure throws, and
    /// ``ProcessPoolError`` when there is no memory.
    public init(count: Int, initializingWith fill: (UnsafeMutableRawBufferPointer) throws -> Void) throws {
        precondition(count >= 0, "Roost: Bytes of \(count) bytes")
        let storage = try BytesStorage.make(count)
        try fill(UnsafeMutableRawBufferPointer(start: storage.start, count: count))
        self.storage = storage
    }

    /// Creates a copy of `bytes`.
    public init(copying bytes: some Collection<UInt8>) throws {
        try self.init(count: bytes.count) { $0.copyBytes(from: bytes) }
    }

    /// How many there are.
    public var count: Int { storage.count }

    /// Calls `body` with the memory; the pointer must not leave it.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(storage) {} }
        return try body(UnsafeRawBufferPointer(start: storage.start, count: storage.count))
    }

    /// The bytes in an array of their own.
    public var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

extension Bytes: Hashable {
    public static func == (left: Bytes, right: Bytes) -> Bool {
        left.count == right.count
            && left.withUnsafeBytes { left in
                right.withUnsafeBytes { memcmp(left.baseAddress!, $0.baseAddress!, $0.count) == 0 }
            }
    }

    public func hash(into hasher: inout Hasher) { withUnsafeBytes { hasher.combine(bytes: $0) } }
}

/// Where bytes lie, and what has to be let go of with them.
final class BytesStorage: @unchecked Sendable {  // proof: written once before it is shared, then only read
    let start: UnsafeMutableRawPointer
    let count: Int
    /// Memory of this process that another one can map; nil for ordinary memory and for memory of another process.
    let lease: ArenaLease?
    private let release: (@Sendable () -> Void)?
    private let isOwned: Bool

    private init(
        start: UnsafeMutableRawPointer, count: Int, lease: ArenaLease?, isOwned: Bool,
        release: (@Sendable () -> Void)?
    ) {
        self.start = start
        self.count = count
        self.lease = lease
        self.isOwned = isOwned
        self.release = release
    }

    deinit {
        if isOwned { start.deallocate() }
        release?()
    }

    static func make(_ count: Int) throws -> BytesStorage {
        guard count >= ArenaStore.smallest else {
            let start = UnsafeMutableRawPointer.allocate(byteCount: max(count, 1), alignment: 16)
            return BytesStorage(start: start, count: count, lease: nil, isOwned: true, release: nil)
        }
        let lease: ArenaLease
        do { lease = try ArenaStore.process.take(count) } catch {
            throw ProcessPoolError(
                .systemLimit,
                "there is no memory for \(count) bytes: is a limit on memory, on open files (ulimit -n) or on sizes of files (ulimit -f) reached?",
                underlying: error)
        }
        return BytesStorage(start: lease.arena.mapping.base, count: count, lease: lease, isOwned: false, release: nil)
    }

    /// Bytes of the other process, read in place; `release` tells it that they are not needed any more.
    static func borrowed(
        _ mapping: ArenaMapping, offset: Int, count: Int, release: @escaping @Sendable () -> Void
    ) -> BytesStorage {
        BytesStorage(start: mapping.base + offset, count: count, lease: nil, isOwned: false) {
            withExtendedLifetime(mapping) { release() }
        }
    }
}

extension Bytes: Codable {
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        guard let parcel = encoder.userInfo[Parcel.key] as? Parcel else { return try container.encode(array) }
        try container.encode(parcel.add(self))
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let parcel = decoder.userInfo[Parcel.key] as? Parcel else {
            try self.init(copying: container.decode([UInt8].self))
            return
        }
        self = try parcel.take(container.decode(Parcel.Reference.self))
    }
}
