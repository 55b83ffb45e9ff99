import Glibc
import RoostProcess
import ThumbnailKit

/// What every decoder does before its first picture.
struct DecoderSetup: WorkerSetup {
    func prepare() {
        // Warnings about broken pictures are in the errors as well.
        DecoderMessages.discardButLastWords()
        // A picture that crashes its decoder leaves nothing behind.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
    }
}
