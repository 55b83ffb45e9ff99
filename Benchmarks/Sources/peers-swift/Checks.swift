import BenchSupport
import Synchronization

/// One look at a stop flag, on a loop of about a nanosecond.
enum Checks {
    static func measure(_ name: String, _ counts: Counts) -> Values? {
        switch name {
        case "flag-nothing": return flagLoop(counts.flag) { false }
        case "flag-atomic":
            let flag = Flag()
            return flagLoop(counts.flag) { flag.isSet }
        case "flag-mutex":
            let flag = Locked()
            return flagLoop(counts.flag / 10) { flag.value.withLock { $0 } }
        case "flag-task": return runBlocking { flagLoop(counts.flag / 10) { Task.isCancelled } }
        default: return nil
        }
    }
    final class Locked: Sendable { let value = Mutex(false) }
}
