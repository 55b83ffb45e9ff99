import Glibc
import Roost

/// The kernel's folder of processes. Without it no worker can be started, limited, found by its mark, or told from another process that
/// has its number by now.
enum ProcFolder {
    /// Throws ``ProcessPoolError`` when what a pool reads there cannot be read.
    static func check(_ folder: String = "/proc") throws(ProcessPoolError) {
        for name in ["stat", "statm", "environ", "exe"] {
            let path = "\(folder)/self/\(name)"
            let file = open(path, O_RDONLY | O_CLOEXEC)
            guard file >= 0 else {
                throw ProcessPoolError(
                    .cannotStartWorker,
                    "a process pool needs /proc, and '\(path)' cannot be read; mount it (in a container or a chroot: "
                        + "mount -t proc proc /proc)",
                    underlying: SystemCallError(call: "open", errno: errno))
            }
            close(file)
        }
    }
}
