import Synchronization

/// Tells whoever counts of every worker that begins or ends. Where nobody does, that costs a worker two relaxed loads.
package enum WorkerObservation {
    /// How a worker ended.
    package struct Ending: Sendable {
        /// As ``WorkerEnding/kind``.
        package let kind: String
        /// How long its body ran, within some milliseconds; nil for one that never began.
        package let ranFor: Duration?
        /// From the request to stop to the ending; nil when it was not asked.
        package let stopLatency: Duration?
    }

    /// Called on the thread where it happens, which may be one that ends the process: it counts and returns, and never
    /// calls the user's code.
    package protocol Observer: AnyObject, Sendable {
        func workerBegan()
        func workerEnded(_ ending: Ending)
    }

    private static let on = Atomic<Bool>(false)
    private static let observers = Locked<[any Observer]>([])

    static var isOn: Bool { on.load(ordering: .relaxed) }

    /// Tells `observer`, which is held, from here on.
    package static func add(_ observer: any Observer) {
        observers.withLock { $0.append(observer) }
        on.store(true, ordering: .relaxed)
    }

    package static func remove(_ observer: any Observer) {
        // Let go of outside the lock.
        let removed = observers.withLock { observers in
            let removed = observers.filter { $0 === observer }
            observers.removeAll { $0 === observer }
            on.store(!observers.isEmpty, ordering: .relaxed)
            return removed
        }
        withExtendedLifetime(removed) {}
    }

    static func began() {
        for observer in observers.withLock({ $0 }) { observer.workerBegan() }
    }

    static func ended(_ ending: Ending) {
        for observer in observers.withLock({ $0 }) { observer.workerEnded(ending) }
    }
}
