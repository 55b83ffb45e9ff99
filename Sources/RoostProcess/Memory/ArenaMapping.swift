import CRoostProcess
import Glibc
import Roost

/// A piece of memory that two processes can map, mapped into this one; unmapped when the last user lets go of it.
final class ArenaMapping: @unchecked Sendable {  // proof: lets alone; who leases the memory guards it
    let base: UnsafeMutableRawPointer
    let size: Int
    /// -1 once it was mapped from another process's: only who made it passes it on.
    let descriptor: Int32

    /// New memory. Throws ``SystemCallError`` when there is none.
    init(size: Int) throws {
        let descriptor = roost_memory("roost-arena", size)
        guard descriptor >= 0 else { throw SystemCallError(call: "memfd_create", errno: errno) }
        do {
            base = try Self.map(descriptor, size)
        } catch {
            close(descriptor)
            throw error
        }
        self.size = size
        self.descriptor = descriptor
    }

    /// Memory of another process. Takes the descriptor.
    init(received descriptor: Int32) throws {
        defer { close(descriptor) }
        let size = Int(roost_memory_size(descriptor))
        guard size > 0 else { throw SystemCallError(call: "fcntl(F_GET_SEALS)", errno: EPROTO) }
        base = try Self.map(descriptor, size)
        self.size = size
        self.descriptor = -1
    }

    deinit {
        munmap(base, size)
        if descriptor >= 0 { close(descriptor) }
    }

    private static func map(_ descriptor: Int32, _ size: Int) throws -> UnsafeMutableRawPointer {
        let base = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0)
        guard let base, base != MAP_FAILED else { throw SystemCallError(call: "mmap", errno: errno) }
        return base
    }
}
