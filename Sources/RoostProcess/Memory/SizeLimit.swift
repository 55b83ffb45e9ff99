import CRoostPlatform
import Glibc

/// The limit of file sizes (`ulimit -f`): whoever makes a file larger is killed by SIGXFSZ, unless he sees to it.
enum SizeLimit {
    /// Calls `body`, which is refused and kills nobody; it returns an errno, or nil.
    static func refusing(_ body: () -> Int32?) -> Int32? {
        var held = roost_size_signal()
        roost_size_signal_hold(&held)
        let failure = body()
        roost_size_signal_restore(&held, failure == EFBIG ? 1 : 0)
        return failure
    }
}
