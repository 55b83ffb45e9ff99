import CRoostPlatform
import CRoostProcess
import Glibc
import Roost

/// Memory that has a descriptor, for two processes.
enum SharedMemory {
    /// A new piece, whose size nobody can change. Throws ``SystemCallError`` when there is none to be had: also beyond the limit of
    /// file sizes (`ulimit -f`), for to the kernel it is a file.
    static func make(_ name: String, size: Int) throws(SystemCallError) -> Int32 {
        var descriptor: Int32 = -1
        let failure = withoutSizeSignal {
            descriptor = roost_memory(name, size)
            return descriptor < 0 ? errno : 0
        }
        guard failure != 0 else { return descriptor }
        throw SystemCallError(
            call: failure == EFBIG ? "ftruncate(memfd), RLIMIT_FSIZE" : "memfd_create", errno: failure)
    }

    /// Who makes a file larger than that limit is refused, and not killed. `body` returns 0 or an errno.
    static func withoutSizeSignal(_ body: () -> Int32) -> Int32 {
        var before = sigset_t()
        roost_size_signal_hold(&before)
        let failure = body()
        roost_size_signal_restore(&before, failure == EFBIG ? 1 : 0)
        return failure
    }
}
