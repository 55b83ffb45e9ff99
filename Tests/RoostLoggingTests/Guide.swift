#if Logging
import Logging
import Roost
import RoostLogging

/// The code of the module's guide.
enum Guide {
    static func logs() {
        let log = WorkerLog(Logger(label: "app"))
        log.attach(to: .process)
        log.takeUnobservedFailures()
    }
}
#endif
