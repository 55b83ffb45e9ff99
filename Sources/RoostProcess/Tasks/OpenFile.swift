import CRoostProcess
import Glibc
import Roost

/// Opens a file in a worker, and gives the open file back. Opening can block for as long as it likes (a FIFO without a writer, a
/// network that does not answer), and no thread could be taken back from that; a worker can.
public struct OpenFile: IsolatedTask {
    /// The path, as bytes: names of files need not be UTF-8. Relative to the worker's folder.
    public var path: [UInt8]
    /// As for `open(2)`; O_CLOEXEC is added.
    public var flags: Int32
    /// The rights of a file that is created.
    public var mode: UInt32

    /// Creates the task; by default it reads.
    public init(path: some Sequence<UInt8>, flags: Int32 = O_RDONLY, mode: UInt32 = 0o666) {
        self.path = Array(path)
        self.flags = flags
        self.mode = mode
    }

    /// The same with a path of text.
    public init(_ path: String, flags: Int32 = O_RDONLY, mode: UInt32 = 0o666) {
        self.init(path: path.utf8, flags: flags, mode: mode)
    }

    public var inputDescription: String { String(decoding: path, as: UTF8.self) }

    /// Throws `SystemCallError` when it cannot be opened.
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> TransferredDescriptor {
        guard !path.contains(0) else { throw SystemCallError(call: "open", errno: EINVAL) }
        let descriptor = (path + [0]).withUnsafeBufferPointer { bytes in
            bytes.withMemoryRebound(to: CChar.self) {  // proof: bytes are chars
                open($0.baseAddress!, flags | O_CLOEXEC, mode)
            }
        }
        guard descriptor >= 0 else { throw SystemCallError(call: "open", errno: errno) }
        return TransferredDescriptor(descriptor)
    }
}
