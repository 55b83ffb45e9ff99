#if ServiceLifecycle
public import Roost
public import ServiceLifecycle

/// The end of the process as a service: a graceful shutdown of the group begins Roost's shutdown, and Roost's shutdown, a
/// signal for instance, ends the group. Either way the process is over within the shutdown's budget.
///
/// ```swift
/// Shutdown.run("server", configuration: .init(budget: .seconds(10))) {
///     var configuration = ServiceGroupConfiguration(services: [.init(service: server), .shutdown()], logger: logger)
///     try await ServiceGroup(configuration: configuration).run()
///     return 0
/// }
/// ```
/// The group is run by the body of `Shutdown.run`, which is waited for as a worker is: services that do not end within the
/// grace make the process exit with 70 and the report name the main body. Let one of the two handle the signals: the
/// group has none unless it is given `gracefulShutdownSignals`; then give the shutdown's configuration `signals: []`.
///
/// A group asks the last service first, so put this one last: workers then end before what they use.
public struct ShutdownService: Service {
    private let shutdown: Shutdown

    /// Creates a service.
    public init(_ shutdown: Shutdown = .process) {
        self.shutdown = shutdown
    }

    /// Returns when the shutdown has begun, whoever began it, and every worker has ended; a worker that is late is waited
    /// for until half of the grace is left, so that the other services have the other half. (The grace is what the budget leaves to
    /// workers and the main body, less than all of it where there are finalizers.)
    ///
    /// A cancelled group, or one whose graceful shutdown was asked for, begins it; the exit status is then that of the
    /// program's main body, which fails when the group does.
    public func run() async throws {
        let begun = GroupEnd()
        let registration = shutdown.token.onStop { _ in begun.reach() }
        defer { registration.remove() }
        await begun.wait { [shutdown] in
            shutdown.requestWithStatusOfMain(.requested("the service group's graceful shutdown"))
        }
        let ended = OneShot<Void>()
        shutdown.whenWorkHasEnded { ended.resolve(()) }
        let timer = SystemTime.shared.scheduleBudget(after: (shutdown.graceLeft ?? .zero) / 2) { ended.resolve(()) }
        defer { timer.cancel() }
        await ended.value
    }
}

extension ServiceGroupConfiguration.ServiceConfiguration {
    /// The shutdown as a service whose end ends the group gracefully, without an error.
    public static func shutdown(_ shutdown: Shutdown = .process) -> Self {
        Self(
            service: ShutdownService(shutdown), successTerminationBehavior: .gracefullyShutdownGroup,
            serviceName: "Roost shutdown")
    }
}
#endif
