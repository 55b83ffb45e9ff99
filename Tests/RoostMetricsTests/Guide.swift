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

    @MainActor static func starts(_ launch: Launch, _ presenter: any LaunchPresenter, _ metrics: WorkerMetrics) async {
        let report = await launch.run(presenter)
        metrics.count(report)
    }
}
#endif
