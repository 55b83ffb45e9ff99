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
        let descriptor = try SharedMemory.make("roost-arena", size: size)
        do {
            base = try Self.map(descriptor, size, PROT_READ | PROT_WRITE)
        } catch {
            close(descriptor)
            throw error
        }
        self.size = size
        self.descriptor = descriptor
    }

    /// Memory of another process, to be read only: it shows it to others at the same time. Takes the descriptor.
    init(received descriptor: Int32) throws {
        defer { close(descriptor) }
        let size = Int(roost_memory_size(descriptor))
        guard size > 0 else { throw SystemCallError(call: "fcntl(F_GET_SEALS)", errno: EPROTO) }
        base = try Self.map(descriptor, size, PROT_READ)
        self.size = size
        self.descriptor = -1
    }

    deinit {
        munmap(base, size + Self.guardSize)
        if descriptor >= 0 { close(descriptor) }
    }

    /// Behind each arena lies a page that nobody can touch: what runs over its end crashes there, and not in the next one.
    private static let guardSize = 4096

    private static func map(_ descriptor: Int32, _ size: Int, _ rights: Int32) throws -> UnsafeMutableRawPointer {
        let place = mmap(nil, size + guardSize, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let place, place != MAP_FAILED else { throw SystemCallError(call: "mmap", errno: errno) }
        guard mmap(place, size, rights, MAP_SHARED | MAP_FIXED, descriptor, 0) != MAP_FAILED else {
            let failure = errno
            munmap(place, size + guardSize)
            throw SystemCallError(call: "mmap", errno: failure)
        }
        return place
    }
}
