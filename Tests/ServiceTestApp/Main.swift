#if ServiceLifecycle
import Glibc
import Logging
import Roost
import RoostServiceLifecycle
import ServiceLifecycle

/// A server in small: `service-test-app MODE REPORT`, with a worker that stops when asked, and a service that runs until its
/// group ends. What happens is said on standard output, a line each.
@main
struct ServiceTestApp {
    private static let budgets: [String: Duration] = ["stubborn": .seconds(1), "late-worker": .seconds(6)]

    static func main() {
        let mode = CommandLine.arguments[1]
        #if Logging && Metrics
        if mode == "observed" { Observed.run(CommandLine.arguments[2]) }
        #endif
        let groupHasSignals = mode == "group-signals"
        let configuration = Shutdown.Configuration(
            budget: budgets[mode] ?? .seconds(20),
            signals: groupHasSignals ? [] : [SIGINT, SIGTERM], reportPath: CommandLine.arguments[2])
        Shutdown.run("service-test-app", configuration: configuration) {
            let scope = WorkerScope("work")
            await begin("until stopped", in: scope) { worker in
                defer { say("worker ended") }
                while true { try worker.sleep(for: .seconds(3_600)) }
            }
            if mode == "late-worker" {
                // With a finalizer, a quarter of the budget is not the workers'.
                Shutdown.process.addFinalizer("flush") {}
                await begin("late", in: scope) { _ in while true { sleep(3_600) } }
            }
            var services: [ServiceGroupConfiguration.ServiceConfiguration] = [.init(service: Server(mode: mode))]
            if mode == "failing" {
                services.append(.init(service: Failing(), failureTerminationBehavior: .gracefullyShutdownGroup))
            }
            services.append(.shutdown())
            var group = ServiceGroupConfiguration(services: services, logger: Logger(label: "group"))
            if groupHasSignals { group.gracefulShutdownSignals = [.sigterm] }
            try await ServiceGroup(configuration: group).run()
            say("group ended")
            withExtendedLifetime(scope) {}
            return 3
        }
    }
}

/// Returns once it runs: one that has not begun is dropped when it is asked to stop.
func begin(
    _ name: String, in scope: WorkerScope, _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Void
) async {
    let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
    scope.start(name) { worker in
        beginning.finish()
        try body(worker)
    }
    for await _ in begun {}
}

/// At once: a pipe is not a terminal, and `print` keeps what it has.
func say(_ line: String) {
    let line = line + "\n"
    _ = line.withCString { write(STDOUT_FILENO, $0, line.utf8.count) }
}

private struct Server: Service {
    let mode: String

    func run() async throws {
        say("ready")
        if mode == "stubborn" { while true { try? await Task.sleep(for: .seconds(3_600)) } }
        try await gracefulShutdown()
        // Of its half of the grace, 2.2 s.
        if mode == "late-worker" { try? await Task.sleep(for: .milliseconds(1_000)) }
        say("server ended")
    }
}

private struct Failing: Service {
    struct Failure: Error {}

    func run() async throws {
        throw Failure()
    }
}
#else
@main
struct ServiceTestApp {
    static func main() {}
}
#endif
