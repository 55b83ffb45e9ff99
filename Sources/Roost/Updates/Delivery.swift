import Synchronization

/// A callback that listens to a worker. It lasts as long as the worker; ``cancel()`` ends it sooner.
public final class DeliveryRegistration: Sendable {
    private let active = Atomic<Bool>(true)
    private let onCancel = Locked<(@Sendable () -> Void)?>(nil)

    init() {}

    var isActive: Bool { active.load(ordering: .acquiring) }

    /// Calls `action` when it is cancelled: at once when it was.
    func whenCancelled(_ action: @escaping @Sendable () -> Void) {
        let isLate = onCancel.withLock { stored in
            guard isActive else { return true }
            stored = action
            return false
        }
        if isLate { action() }
    }

    /// No call begins after this returns on the port's own executor; elsewhere one may be running.
    public func cancel() {
        active.store(false, ordering: .releasing)
        let action = onCancel.withLock { stored in
            defer { stored = nil }
            return stored
        }
        action?()
    }
}

/// Connects a hub to a callback on a port, through the scope's gate.
enum Delivery {
    static func newest<Update: Sendable>(
        of hub: UpdateHub<Update>, gate: DeliveryGate, on port: any DeliveryPort,
        at time: any TimeSource, to handler: @escaping @Sendable (Update) -> Void
    ) -> DeliveryRegistration {
        let registration = DeliveryRegistration()
        let pace = TaskPort.pace(of: port).map { UpdatePace(interval: $0, time: time) }
        let id = hub.listen(pace: pace) { [weak hub] id in
            guard let hub else { return }
            port.post {
                var isOver = true
                let isOpen = gate.pass {
                    guard registration.isActive else { return }
                    let taken = hub.take(id)
                    isOver = taken.isOver
                    if let update = taken.update { handler(update) }
                }
                // When nothing will come, what the handler captured is let go.
                if isOver || !isOpen { hub.ignore(id) }
            }
        }
        // The hub holds the listener, and the listener this registration: held weakly, the hub is no part of a circle.
        registration.whenCancelled { [weak hub] in hub?.ignore(id) }
        return registration
    }

    static func every<Update: Sendable>(
        of hub: UpdateHub<Update>, gate: DeliveryGate, on port: any DeliveryPort,
        to handler: @escaping @Sendable (Update) -> Void
    ) -> DeliveryRegistration {
        let registration = DeliveryRegistration()
        receive(of: hub, gate: gate, on: port, registration: registration, to: handler)
        return registration
    }

    private static func receive<Update: Sendable>(
        of hub: UpdateHub<Update>, gate: DeliveryGate, on port: any DeliveryPort, registration: DeliveryRegistration,
        to handler: @escaping @Sendable (Update) -> Void
    ) {
        let id = hub.whenReceivable {
            port.post {
                var isOver = false
                let isOpen = gate.pass {
                    // One buffer's worth a hop: what was sent before the end is then delivered before the end is.
                    for _ in 0..<hub.batch {
                        // The handler itself may have closed the scope.
                        guard registration.isActive, !gate.isCut else { return }
                        let (update, over) = hub.receive()
                        isOver = over
                        guard let update else { return }
                        handler(update)
                    }
                }
                guard isOpen, registration.isActive, !isOver else { return }
                receive(of: hub, gate: gate, on: port, registration: registration, to: handler)
            }
        }
        registration.whenCancelled { [weak hub] in hub?.forgetReceiver(id) }
    }
}
