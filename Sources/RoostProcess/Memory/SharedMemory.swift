import CRoostProcess
import Glibc
import Roost

/// Memory that has a descriptor, for two processes.
enum SharedMemory {
    /// A new piece, whose size nobody can change. Throws ``SystemCallError`` when there is none to be had: also beyond the limit of
    /// file sizes, for to the kernel it is a file.
    static func make(_ name: String, size: Int) throws(SystemCallError) -> Int32 {
        var descriptor: Int32 = -1
        let failure = SizeLimit.refusing {
            descriptor = roost_memory(name, size)
            return descriptor < 0 ? errno : nil
        }
        guard let failure else { return descriptor }
        throw SystemCallError(call: failure == EFBIG ? "ftruncate" : "memfd_create", errno: failure)
    }
}
