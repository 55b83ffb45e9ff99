import Glibc
import ProcessTestNative
import Roost
import RoostProcess

/// Fills so many mebibytes of ``Bytes``, and keeps them until it is stopped.
public struct FillBytes: IsolatedTask {
    public var mebibytes: Int
    public init(mebibytes: Int) { self.mebibytes = mebibytes }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Int {
        let bytes = try Bytes(count: mebibytes << 20) { $0.initializeMemory(as: UInt8.self, repeating: 3) }
        while bytes.count == mebibytes << 20 { try worker.sleep(for: .seconds(1)) }
        return bytes.count
    }
}

/// Asks for more memory than there is, and does not look what it got.
public struct Overreach: IsolatedTask {
    public enum Way: String, Codable, Sendable, CaseIterable {
        /// Writes into what `malloc` did not give.
        case nullWrite
        /// Unwraps it.
        case nilValue
        /// As Swift does it.
        case swift
        /// Looks, and goes on.
        case isCareful
    }
    public var way: Way
    public var mebibytes: Int
    public init(_ way: Way, mebibytes: Int) { (self.way, self.mebibytes) = (way, mebibytes) }
    public func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> Bool {
        let size = mebibytes << 20
        switch way {
        case .nullWrite: native_write_without_asking(UInt(size))
        case .nilValue:
            let memory = malloc(size)!
            native_use(memory)
            free(memory)
        case .swift:
            let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            native_use(memory)
            memory.deallocate()
        case .isCareful:
            guard let memory = malloc(size) else { return false }
            native_use(memory)
            free(memory)
        }
        return true
    }
}
