import Glibc
import Roost
import RoostProcess

/// For each of its bytes gives back new ones of the same size, whose first is one more.
public struct BrightenAll: IsolatedTask {
    public var bytes: [Bytes]
    public init(_ bytes: [Bytes]) { self.bytes = bytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> [Bytes] {
        try bytes.map { bytes in
            try Bytes(count: bytes.count) { target in target[0] = bytes.withUnsafeBytes { $0[0] } &+ 1 }
        }
    }
}

/// Says how many descriptors it got.
public struct CountDescriptors: IsolatedTask {
    public var descriptors: [TransferredDescriptor]
    public init(_ descriptors: [TransferredDescriptor]) { self.descriptors = descriptors }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        descriptors.count { fcntl($0.number, F_GETFD) >= 0 }
    }
}

/// Writes into its input, which it must not.
public struct WriteInput: IsolatedTask {
    public var bytes: Bytes
    public init(_ bytes: Bytes) { self.bytes = bytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        bytes.withUnsafeBytes { bytes in
            UnsafeMutableRawBufferPointer(mutating: bytes)[0] = 99
            return Int(bytes[0])
        }
    }
}

/// Has bytes, and does not arrive.
public struct RefuseBytes: IsolatedTask {
    public var bytes: Bytes
    public init(_ bytes: Bytes) { self.bytes = bytes }
    public init(from decoder: any Decoder) throws { throw Refusal(reason: "it does not arrive") }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int { bytes.count }
}
