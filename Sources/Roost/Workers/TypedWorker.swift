import Synchronization

/// A worker that knows what it reports.
class ReportingWorker<Update: Sendable>: WorkerCore, @unchecked Sendable {  // proof: adds only `let`s
    private final let sendBuffer: Int
    private final let hubReference = AtomicLazyReference<UpdateHub<Update>>()

    override init(name: String, options: WorkerOptions, scope: ScopeCore, parent: StopNode) {
        sendBuffer = options.sendBuffer
        super.init(name: name, options: options, scope: scope, parent: parent)
    }

    /// Where updates go; made when the first one is reported or somebody listens.
    final var hub: UpdateHub<Update> {
        if let hub = hubReference.load() { return hub }
        let hub = hubReference.storeIfNil(UpdateHub(capacity: sendBuffer))
        // Made after the end: there is nothing to come. (`end` closes what it finds; this closes what it could not find.)
        if isEnded { hub.close() }
        return hub
    }

    override func closeUpdates() {
        hubReference.load()?.close()
    }
}

/// A worker that knows what it gives back.
final class TypedWorker<Value: Sendable, Update: Sendable>: ReportingWorker<Update>, @unchecked Sendable {
    // proof of @unchecked: `body` and `storedValue` are guarded by `own`.
    enum Body {
        case sync(@Sendable (WorkerContext<Update>) throws -> Value)
        case async(@Sendable (AsyncWorkerContext<Update>) async throws -> Value)
    }

    /// Taken by `execute`, which runs at most once, or dropped when the worker ends in the queue: guarded by `own`.
    private var body: Body?
    /// Written before the ending, read after it; guarded by `own`.
    private var storedValue: Value?
    private let own = FutexLock()

    init(name: String, options: WorkerOptions, scope: ScopeCore, parent: StopNode, body: Body) {
        self.body = body
        super.init(name: name, options: options, scope: scope, parent: parent)
    }

    deinit {
        guard !wasObserved, case .failed(let error) = endingIfEnded else { return }
        UnobservedFailure.report(UnobservedFailure(worker: name, scope: scope.name, error: error))
    }

    override func closeUpdates() {
        super.closeUpdates()
        // A worker that ended in the queue never runs: what its body captured is let go now.
        if beganNever { _ = takeBody() }
    }

    private var beganNever: Bool { own.withLock { body != nil } }

    private func takeBody() -> Body? {
        own.withLock {
            defer { body = nil }
            return body
        }
    }

    var value: Value? { own.withLock { storedValue } }

    override func execute(on thread: PoolThread) {
        switch own.withLock({ body }) {
        case .sync: runSync(on: thread)
        case .async: runAsync()
        case nil: break
        }
    }

    private func runSync(on thread: PoolThread) {
        let slot = thread.slot
        guard begin(on: thread, slot: slot), case .sync(let body)? = takeBody() else { return }
        let ending: WorkerEnding
        do {
            let value = try body(WorkerContext(self, row: slot.row))
            own.withLock { storedValue = value }
            ending = .finished
        } catch {
            ending = self.ending(for: error)
        }
        end(ending)
        slot.end()
    }

    private func runAsync() {
        let slot = RunSlot(thread: 0)
        guard begin(on: nil, slot: slot), case .async(let body)? = takeBody() else { return }
        CheckpointSampler.shared.add(slot)
        // Held by the core until it ends, cancelled when it is stopped or abandoned: not fire-and-forget.
        let task = Task(executorPreference: scope.pool) { [self] in
            let ending: WorkerEnding
            do {
                let value = try await RunningWorker.$current.withValue(RunningWorker(self)) {
                    try await body(AsyncWorkerContext(self, row: slot.row))
                }
                own.withLock { storedValue = value }
                ending = .finished
            } catch {
                ending = self.ending(for: error)
            }
            end(ending)
            slot.end()
            CheckpointSampler.shared.remove(slot)
        }
        adopt(task)
    }
}

/// The worker whose async body the current task belongs to.
struct RunningWorker: Sendable {
    @TaskLocal static var current: RunningWorker?

    let core: WorkerCore

    init(_ core: WorkerCore) {
        self.core = core
    }
}
