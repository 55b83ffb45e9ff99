/// An encoded value: its bytes, how to read them, and the memory that travels beside it.
struct Payload: Sendable {
    var flags: FrameFlags
    var bytes: [UInt8]
    /// Lent to the other side with the frame.
    var storages: [BytesStorage] = []
    /// Sent with the frame.
    var descriptors: [(number: UInt64, descriptor: TransferredDescriptor)] = []
    /// Bytes of all: what a limit counts.
    var size: Int

    /// Something travels beside it.
    var hasCompany: Bool { !storages.isEmpty || !descriptors.isEmpty }
}
