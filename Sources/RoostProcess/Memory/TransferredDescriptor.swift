import Glibc
import Roost

/// An open file, socket or pipe that crosses to a worker or back: as part of a task or an output the receiver gets a descriptor of
/// its own for the same open file.
///
/// It is closed with the last reference to it, unless ``release()`` took it out. It can only be encoded for a pool.
public final class TransferredDescriptor: Sendable, Codable {
    private let descriptor: Locked<Int32>

    /// Takes the descriptor over.
    public init(_ descriptor: Int32) {
        self.descriptor = Locked(descriptor)
    }

    deinit {
        let last = descriptor.withLock { $0 }
        if last >= 0 { close(last) }
    }

    /// Its number; valid as long as this object lives, and -1 once it was released.
    public var number: Int32 { descriptor.withLock { $0 } }

    /// Gives the descriptor out: whoever has it closes it. -1 when that was done before.
    public func release() -> Int32 {
        descriptor.withLock { number in
            defer { number = -1 }
            return number
        }
    }

    public func encode(to encoder: any Encoder) throws {
        guard let parcel = encoder.userInfo[Parcel.key] as? Parcel else {
            throw ProcessPoolError(.inputNotEncodable, "a descriptor can only be sent by a process pool")
        }
        var container = encoder.singleValueContainer()
        try container.encode(parcel.add(self))
    }

    public convenience init(from decoder: any Decoder) throws {
        guard let parcel = decoder.userInfo[Parcel.key] as? Parcel else {
            throw ProcessPoolError(.inputNotDecodable, "a descriptor can only be received from a process pool")
        }
        self.init(try parcel.takeDescriptor(decoder.singleValueContainer().decode(UInt64.self)))
    }
}
