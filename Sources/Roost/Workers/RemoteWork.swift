/// What a worker needs of the place that runs its body when that is not a thread of this process.
///
/// Every method may be called on any thread, with no lock of Roost held, and never waits.
@usableFromInline
package protocol RemoteWork: AnyObject, Sendable {
    /// Its scope has a place for it: it may begin as soon as there is room.
    func enqueue()
    /// The worker was asked to stop. One that has not begun has its ending already and must not begin.
    func stop(_ reason: StopReason)
    /// A pause was asked for, or taken back.
    func pauseChanged()
    /// The budget is over: ends whatever runs the body, at once.
    func kill()
}

/// The side of a worker that whoever runs its body in another process holds: it begins it, reports for it, and ends it.
package struct RemoteWorker<Value: Sendable, Update: Sendable>: Sendable {
    private let worker: Worker

    init(worker: Worker) {
        self.worker = worker
    }

    package var handle: WorkerHandle<Value, Update> { WorkerHandle(worker: worker) }
    package var name: String { worker.name }
    package var scope: String { worker.scope.name }
    package var priority: WorkerPriority { worker.priority }
    package var gate: DeliveryGate { worker.scope.gate }
    package var isEnded: Bool { worker.isEnded }
    package var stopReason: StopReason? { worker.reason }
    package var isPaused: Bool { worker.flags.load(ordering: .relaxed) & StopNode.pauseFlag != 0 }

    /// The body begins; false when it must not any more: the worker was stopped, and whoever did that ends it.
    package func begin() -> Bool { worker.begin(on: nil, slot: nil) }

    package func report(_ update: Update) { worker.hub(Update.self).report(update) }

    package func finish(_ value: Value) {
        worker.store(value)
        worker.end(.finished)
    }

    /// The ending for an error that the body threw: stopped or timed out if that was the reason for it.
    package func end(throwing error: any Error) { worker.end(worker.ending(for: error)) }

    @discardableResult
    package func end(_ ending: WorkerEnding) -> Bool { worker.end(ending) }
}

extension WorkerScope {
    /// Starts a worker whose body runs elsewhere. `work` is asked to ``RemoteWork/enqueue()`` once the scope has a place for
    /// it, and is told of every stop and pause. `prepare` gets the worker before any of that.
    package func startRemote<Value: Sendable, Update: Sendable, Work: RemoteWork>(
        _ name: String, options: WorkerOptions, work: Work, prepare: (RemoteWorker<Value, Update>) -> Void
    ) -> WorkerHandle<Value, Update> {
        let worker = core.make(name, options: options, body: .remote(work))
        let remote = RemoteWorker<Value, Update>(worker: worker)
        prepare(remote)
        _ = core.launch(worker)
        return remote.handle
    }
}
