#if Metrics
import Roost
import RoostMetrics

/// The code of the module's guide.
enum Guide {
    static func counts() {
        let metrics = WorkerMetrics()
        metrics.watch(.shared)
        metrics.attach(to: .process)
    }
}
#endif
