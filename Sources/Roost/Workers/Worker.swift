import CRoostLedger

/// What a worker runs, with the type of what it gives back already forgotten: one class then serves every worker, and
/// starting one looks up no generic metadata.
@usableFromInline
enum WorkerBody: Sendable {
    case sync(@Sendable (Worker, UnsafeMutablePointer<roost_ledger_slot>) throws -> any Sendable)
    case async(@Sendable (Worker, UnsafeMutablePointer<roost_ledger_slot>) async throws -> any Sendable)
    /// Not here: in another process.
    case remote(any RemoteWork)
}

/// A worker: its life is in ``WorkerCore``, its body, value and updates are here. The types of value and updates are known
/// to its handle and its context.
@usableFromInline
final class Worker: WorkerCore, @unchecked Sendable {  // proof: see `body` and `storedValue`
    private let isAsync: Bool
    /// Touched by whoever wins the worker's `begin`, or by `end` when nobody can begin any more; `life` is between them.
    private var body: WorkerBody?
    /// Written by the body's thread before the ending, read only after an ending that says it finished.
    private var storedValue: (any Sendable)?
    private let sendBuffer: Int
    private let hubReference = LazyHub()

    init(name: String, options: WorkerOptions, scope: ScopeCore, parent: StopNode, body: WorkerBody) {
        self.body = body
        isAsync = if case .async = body { true } else { false }
        let remote: (any RemoteWork)? = if case .remote(let work) = body { work } else { nil }
        if remote != nil { self.body = nil }
        sendBuffer = options.sendBuffer
        super.init(name: name, options: options, scope: scope, parent: parent, remote: remote)
    }

    deinit {
        guard let error = endingIfEnded?.failure else { return }
        HeldFailures.remove(self)
        if takeUnobserved() {
            UnobservedFailure.report(UnobservedFailure(worker: name, scope: scope.name, error: error))
        }
    }

    override func didFail() { HeldFailures.add(self) }

    // MARK: Value and updates

    /// What the body returned, after the ending said that it finished.
    func value<Value>(_: Value.Type) -> Value? { storedValue as? Value }

    /// Where updates go; made when the first one is reported or somebody listens.
    func hub<Update: Sendable>(_: Update.Type) -> UpdateHub<Update> {
        // proof: a worker has one type of updates, that of the handle and the context it was started with.
        unsafeDowncast(hubReference.load() ?? makeHub(Update.self), to: UpdateHub<Update>.self)
    }

    private func makeHub<Update: Sendable>(_: Update.Type) -> AnyUpdateHub {
        let hub = hubReference.storeIfNil(UpdateHub<Update>(capacity: sendBuffer))
        // Made after the end: there is nothing to come. (`end` closes what it finds; this closes what it could not find.
        // Asked under the worker's lock: two atomics alone may each miss the other.)
        if endingIfEnded != nil { hub.close() }
        return hub
    }

    var hasSentValues: Bool { hubReference.load()?.hasSent ?? false }

    override func closeUpdates(neverBegan: Bool) {
        hubReference.load()?.close()
        // A worker that ended in the queue never runs: what its body captured is let go now.
        if neverBegan { body = nil }
    }

    // MARK: Running

    override func execute(on thread: PoolThread) {
        if isAsync { runAsync() } else { runSync(on: thread) }
    }

    private func runSync(on thread: PoolThread) {
        let slot = thread.slot
        guard begin(on: thread, slot: slot) else { return }
        if !end(runSyncBody(slot)) { abandonedBodyReturned() }
        slot.end()
    }

    /// The value of a body that ran in another process: kept before the worker ends as finished.
    func store(_ value: any Sendable) { storedValue = value }

    /// A function of its own, so that what the body captured is let go before its ending is known.
    @inline(never)
    private func runSyncBody(_ slot: RunSlot) -> WorkerEnding {
        guard case .sync(let body)? = takeBody() else { return .stopped(reason ?? .requested("")) }
        do {
            storedValue = try body(self, slot.row)
            return .finished
        } catch {
            return ending(for: error)
        }
    }

    private func takeBody() -> WorkerBody? {
        defer { body = nil }
        return body
    }

    private func runAsync() {
        let slot = RunSlot(.noThread(of: scope.pool.name))
        guard begin(on: nil, slot: slot) else { return }
        guard case .async(let body)? = takeBody() else { return slot.end() }
        scope.pool.asyncBodyBegan(self)
        CheckpointSampler.shared.add(slot)
        // Held by the core until it ends, cancelled when it is stopped or abandoned: not fire-and-forget.
        let task = Task(executorPreference: scope.pool) { [self] in
            let ending: WorkerEnding
            do {
                // Asked to stop before the body was entered: it is not entered.
                if let reason { throw StopError(reason) }
                let value = try await RunningWorker.$current.withValue(RunningWorker(self)) {
                    try await body(self, slot.row)
                }
                storedValue = value
                ending = .finished
            } catch {
                ending = self.ending(for: error)
            }
            if !end(ending) { abandonedBodyReturned() }
            slot.end()
            CheckpointSampler.shared.remove(slot)
        }
        adopt(task)
    }
}

/// The worker whose async body the current task belongs to. Unstructured tasks that outlive the body inherit it, so
/// whoever asks looks whether the worker still runs.
struct RunningWorker: Sendable {
    @TaskLocal static var current: RunningWorker?

    /// The worker that the calling task would keep from ending by waiting.
    static var live: WorkerCore? {
        guard let core = current?.core, !core.isEnded else { return nil }
        return core
    }

    let core: WorkerCore

    init(_ core: WorkerCore) {
        self.core = core
    }
}
