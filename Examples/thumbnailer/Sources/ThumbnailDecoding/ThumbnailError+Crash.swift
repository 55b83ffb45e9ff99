import Glibc
import Roost
import RoostProcess
import ThumbnailKit

extension ThumbnailError {
    /// Why there is no thumbnail of a picture that ended its decoder.
    init(_ crash: TaskCrash, of path: RawPath) {
        switch crash.cause {
        case .memoryLimit: self.init(.outOfMemory, .decode, path, reason: "not enough memory to decode it")
        case .cpuTimeLimit(let limit):
            let reason = "it takes more than \(limit.inSeconds) of the processor"
            self.init(.tooMuchTime, .decode, path, reason: reason, limit: .processorTime(limit))
        case .timeLimit(let limit): self.init(tookLongerThan: limit, path)
        case .signal(let number) where !ThumbnailError.faults.contains(number):
            self.init(.killed, .decode, path, reason: "somebody ended its decoder: \(crash.reason)")
        case .signal, .exit: self.init(.crashed, .decode, path, reason: "its decoder crashed: \(crash.reason)")
        }
    }

    /// By the clock.
    init(tookLongerThan limit: Duration, _ path: RawPath) {
        self.init(.tooMuchTime, .decode, path, reason: "it took longer than \(limit.inSeconds)", limit: .time(limit))
    }

    /// The signals of a program's own faults; any other was sent.
    private static let faults: Set<Int32> = [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS]
}

extension Duration {
    /// `10 s`, `0.5 s`
    var inSeconds: String {
        let tenths = Int((self / .milliseconds(100)).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
