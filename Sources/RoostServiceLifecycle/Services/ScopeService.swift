#if ServiceLifecycle
public import Roost
public import ServiceLifecycle

/// A scope as a service: when its group shuts down gracefully, or is cancelled, the scope is closed within its budget.
///
/// ```swift
/// let group = ServiceGroup(services: [server, ScopeService(uploads, within: .seconds(5))], logger: logger)
/// ```
/// A group asks the last service first: put the scope after what its workers use.
public struct ScopeService: Service {
    private let scope: WorkerScope
    private let budget: Duration?

    /// Creates a service.
    ///
    /// - Parameters:
    ///   - scope: What is closed. It is held.
    ///   - budget: How long the close may take; nil for the scope's own budget.
    public init(_ scope: WorkerScope, within budget: Duration? = nil) {
        self.scope = scope
        self.budget = budget
    }

    /// Waits for the group's graceful shutdown or cancellation, then closes the scope. Over within the budget; throws
    /// ``LateServiceError`` with the names of the workers that had to be abandoned.
    public func run() async throws {
        await GroupEnd().wait()
        let report = await scope.close(within: budget, GroupEnd.reason)
        guard report.isClean else {
            throw LateServiceError(service: "scope '\(scope.name)'", late: report.stragglers.map { "\($0)" })
        }
    }
}
#endif
