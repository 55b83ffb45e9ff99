#if ServiceLifecycle
import Roost
import ServiceLifecycle

/// The moment when a group wants its services to end.
struct GroupEnd: Sendable {
    static let reason = StopReason.requested("the service group's graceful shutdown")

    private let reached = OneShot<Void>()

    func reach() { reached.resolve(()) }

    /// Suspends until the group shuts down gracefully, is cancelled, or ``reach()`` is called. `action` is called in the
    /// first two cases, under a lock of the group: it must not wait.
    func wait(_ action: @escaping @Sendable () -> Void = {}) async {
        await withTaskCancellationOrGracefulShutdownHandler {
            await reached.value
        } onCancelOrGracefulShutdown: {
            action()
            reach()
        }
    }
}
#endif
