/// The owner's side of a worker: look at it, wait for it, stop it, listen to it.
///
/// Copies refer to the same worker. Dropping the handle changes nothing for the worker; a failure that nobody looked at
/// then goes to ``UnobservedFailure``.
public struct WorkerHandle<Value: Sendable, Update: Sendable>: Sendable {
    let worker: Worker

    @usableFromInline
    init(worker: Worker) {
        self.worker = worker
    }

    /// The worker's name.
    public var name: String { worker.name }
    /// Where it is in its life.
    public var state: WorkerState { worker.state }
    /// The worker as a list shows it.
    public var info: WorkerInfo { worker.info }
    /// Stopped when the worker is.
    public var token: StopToken { StopToken(node: worker, keeper: worker) }

    // MARK: The ending

    /// The ending; nil while there is none. Counts as having looked at a failure.
    public var endingIfEnded: WorkerEnding? {
        let ending = worker.endingIfEnded
        if ending != nil { worker.markObserved() }
        return ending
    }

    /// The ending. Always resolves, also after the scope was closed; cancelling the waiting task does not cut it short
    /// and does not stop the worker. A worker that awaits its own has none until it is abandoned.
    public var ending: WorkerEnding {
        get async {
            await withCheckedContinuation { continuation in
                worker.whenEnded { [worker] ending in
                    worker.markObserved()
                    continuation.resume(returning: ending)
                }
            }
        }
    }

    /// What the body returned. Throws what the body threw, the evidence for a worker whose process died, ``StopError`` for a worker that was stopped,
    /// ``WorkerEndedError`` for one that timed out, and ``Straggler`` for an abandoned one.
    ///
    /// Cancelling the waiting task ends only the wait (with `CancellationError`), not the worker. A worker that waits for
    /// itself gets ``WorkerPoolError`` at once, and so does a task that its async body started.
    public var value: Value {
        get async throws {
            if RunningWorker.live === worker {
                throw worker.scope.pool.error(.waitFromOwnWorker, "worker '\(name)' waited for its own value")
            }
            let waiter = OneShot<Result<WorkerEnding, any Error>>()
            let id = worker.whenEnded { [worker] ending in
                if waiter.resolve(.success(ending)) { worker.markObserved() }
            }
            let ending = try await waiter.success { [worker] in if let id { worker.forget(id) } }
            return try valueOrError(ending)
        }
    }

    /// The same, structured: cancelling the waiting task stops the worker, and this returns once it has its ending.
    package var structuredValue: Value {
        get async throws {
            let ending = await withTaskCancellationHandler {
                await self.ending
            } onCancel: {
                self.stop(.requested("the task that ran it was cancelled"))
            }
            if Task.isCancelled, case .stopped = ending { throw CancellationError() }
            return try valueOrError(ending)
        }
    }

    package func valueOrError(_ ending: WorkerEnding) throws -> Value {
        switch ending {
        case .finished:
            guard let value = worker.value(Value.self) else { fatalError("Roost: '\(name)' finished without a value") }
            return value
        case .failed(let error), .crashed(let error): throw error
        case .stopped(let reason): throw StopError(reason)
        case .timedOut: throw WorkerEndedError(worker: name, ending: ending)
        case .abandoned(let straggler): throw straggler
        }
    }

    /// Waits for the ending, blocking the thread. Nil when `timeout` passed first.
    /// Throws ``WorkerPoolError`` when called from a worker of the same pool, where it could wait for itself.
    public func waitForEnding(within timeout: Duration? = nil) throws -> WorkerEnding? {
        try worker.scope.pool.refuseWaitFromOwnWorker("waitForEnding")
        let parker = Parker()
        let id = worker.whenEnded { _ in parker.unpark() }
        parker.park(until: timeout.map { MonotonicTime.now + $0 })
        if let id { worker.forget(id) }
        return endingIfEnded
    }

    // MARK: Control

    /// Asks the worker to stop; false when it was asked before or has ended. A queued worker ends at once and never runs.
    @discardableResult
    public func stop(_ reason: StopReason = .requested("")) -> Bool {
        guard !worker.isEnded else { return false }
        return worker.stop(reason)
    }

    /// Asks the worker to wait at its next checkpoint; false when it is stopping, ended or paused already.
    @discardableResult
    public func pause() -> Bool { worker.pause() }

    /// Lets a paused worker go on. Without effect on one that is not paused.
    public func resume() { worker.resume() }

    // MARK: Updates

    /// The updates as a sequence: newest wins.
    public var updates: UpdateSequence<Update> { UpdateSequence(hub: worker.hub(Update.self), gate: worker.scope.gate) }

    /// Every value the worker sent, in order; each goes to one receiver.
    public var sent: SentValues<Update> { SentValues(hub: worker.hub(Update.self), gate: worker.scope.gate) }

    /// Calls `handler` on the main actor with the newest update, at most one call pending; never after the scope's close. The
    /// last update comes before ``onEnd(_:)``. Under a toolkit's loop 8 ms pass between two calls, but before the last.
    @discardableResult
    public func onUpdate(_ handler: @escaping @MainActor @Sendable (Update) -> Void) -> DeliveryRegistration {
        // proof: the port runs its jobs on the main actor.
        onUpdate(on: .mainActor) { update in MainActor.assumeIsolated { handler(update) } }
    }

    /// The same on a port of your choice.
    @discardableResult
    public func onUpdate(
        on port: any DeliveryPort, _ handler: @escaping @Sendable (Update) -> Void
    ) -> DeliveryRegistration {
        Delivery.newest(
            of: worker.hub(Update.self), gate: worker.scope.gate, on: port, at: worker.scope.time, to: handler)
    }

    /// The same bound to a receiver: held weakly, and nothing is called once it is gone.
    @discardableResult
    public func onUpdate<Receiver: AnyObject & Sendable>(
        for receiver: Receiver, _ handler: @escaping @MainActor @Sendable (Receiver, Update) -> Void
    ) -> DeliveryRegistration {
        onUpdate(bound(receiver, handler))
    }

    /// Calls `handler` with every value the worker sent, in order, on the main actor. While it is behind by more than the
    /// buffer, the worker's `send` waits.
    @discardableResult
    public func onSent(_ handler: @escaping @MainActor @Sendable (Update) -> Void) -> DeliveryRegistration {
        // proof: the port runs its jobs on the main actor.
        onSent(on: .mainActor) { update in MainActor.assumeIsolated { handler(update) } }
    }

    /// The same bound to a receiver: held weakly, and nothing is called once it is gone.
    @discardableResult
    public func onSent<Receiver: AnyObject & Sendable>(
        for receiver: Receiver, _ handler: @escaping @MainActor @Sendable (Receiver, Update) -> Void
    ) -> DeliveryRegistration {
        onSent(bound(receiver, handler))
    }

    /// The same on a port of your choice.
    @discardableResult
    public func onSent(
        on port: any DeliveryPort, _ handler: @escaping @Sendable (Update) -> Void
    ) -> DeliveryRegistration {
        Delivery.every(of: worker.hub(Update.self), gate: worker.scope.gate, on: port, to: handler)
    }

    /// Calls `handler` exactly once with the ending, on the main actor, after the last update; never after the scope's
    /// close (the ending is then still in the handle and in the report).
    @discardableResult
    public func onEnd(_ handler: @escaping @MainActor @Sendable (WorkerEnding) -> Void) -> DeliveryRegistration {
        // proof: the port runs its jobs on the main actor.
        onEnd(on: .mainActor) { ending in MainActor.assumeIsolated { handler(ending) } }
    }

    /// The same on a port of your choice. "After the last update" holds for updates on the same port object: keep a port
    /// made by ``DeliveryPort/actor(_:)`` or ``DeliveryPort/executor(_:)`` and pass it to both.
    @discardableResult
    public func onEnd(
        on port: any DeliveryPort, _ handler: @escaping @Sendable (WorkerEnding) -> Void
    ) -> DeliveryRegistration {
        let registration = DeliveryRegistration()
        let gate = worker.scope.gate
        let deliver: @Sendable (WorkerEnding) -> Void = { [worker] ending in
            gate.pass {
                guard registration.isActive else { return }
                worker.markObserved()
                handler(ending)
            }
        }
        let id = worker.whenEnded { [worker] ending in
            // A hop of sent values that runs at this moment may have one more behind it. Seen from within the port that
            // one is queued already, and takes all there is: one round later the ending is behind it.
            if worker.hasSentValues {
                port.post { port.post { deliver(ending) } }
            } else {
                port.post { deliver(ending) }
            }
        }
        if let id { registration.whenCancelled { [weak worker] in worker?.forget(id) } }
        return registration
    }

    /// The same bound to a receiver: held weakly, and nothing is called once it is gone.
    @discardableResult
    public func onEnd<Receiver: AnyObject & Sendable>(
        for receiver: Receiver, _ handler: @escaping @MainActor @Sendable (Receiver, WorkerEnding) -> Void
    ) -> DeliveryRegistration {
        onEnd(bound(receiver, handler))
    }
}

/// `handler` for a receiver that is held weakly; does nothing once it is gone.
private func bound<Receiver: AnyObject & Sendable, Value>(
    _ receiver: Receiver, _ handler: @escaping @MainActor @Sendable (Receiver, Value) -> Void
) -> @MainActor @Sendable (Value) -> Void {
    { [weak receiver] value in
        if let receiver { handler(receiver, value) }
    }
}
