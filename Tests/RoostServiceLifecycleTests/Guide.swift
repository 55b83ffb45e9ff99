#if ServiceLifecycle
import Logging
import Roost
import RoostServiceLifecycle
import ServiceLifecycle

/// The code of the module's guide.
enum Guide {
    static func serve(_ server: any Service, _ uploads: WorkerScope, _ logger: Logger) {
        Shutdown.run("server", configuration: .init(budget: .seconds(10))) {
            let configuration = ServiceGroupConfiguration(
                services: [.init(service: server), .init(service: ScopeService(uploads)), .shutdown()], logger: logger)
            try await ServiceGroup(configuration: configuration).run()
            return 0
        }
    }
}
#endif
