#if Logging
import Logging
import Roost
import RoostApp
import RoostLogging

/// The code of the module's guide.
enum Guide {
    static func logs() {
        let log = WorkerLog(Logger(label: "app"))
        log.attach(to: .process)
        log.takeUnobservedFailures()
    }

    @MainActor static func starts(_ launch: Launch, _ presenter: any LaunchPresenter, _ log: WorkerLog) async {
        let report = await launch.run(presenter)
        log.write(report)
    }

    static func hangs(_ logger: Logger) -> Survival {
        Survival(onHang: { event in
            guard case .began(let hang) = event else { return }
            logger.warning("main thread hangs", metadata: ["hang": "\(hang)"])
        })
    }
}
#endif
