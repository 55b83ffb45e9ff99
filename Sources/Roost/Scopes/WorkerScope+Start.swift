// Every way to start a worker, in the two forms of a body (blocking and async) and for the two kinds of updates (the
// ready-made progress, and a type of one's own named with `reporting:`).

import CRoostLedger

extension WorkerScope {
    // MARK: Start

    /// Starts a worker whose body may block; it runs on a pool thread.
    ///
    /// Never throws: a scope that is closed gives a handle that ended as stopped, a full queue one that failed with
    /// ``WorkerPoolError``. Everything the body throws becomes the ending.
    @discardableResult
    @inlinable
    public func start<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Value
    ) -> WorkerHandle<Value, WorkerProgress> {
        WorkerHandle(worker: begin(name, options, .sync { try body(WorkerContext($0, row: $1)) }))
    }

    /// The same with updates of a type of one's own.
    @discardableResult
    @inlinable
    public func start<Value: Sendable, Update: Sendable>(
        _ name: String, reporting: Update.Type, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<Update>) throws -> Value
    ) -> WorkerHandle<Value, Update> {
        WorkerHandle(worker: begin(name, options, .sync { try body(WorkerContext($0, row: $1)) }))
    }

    /// Starts a worker with an async body; the pool is its task executor.
    @discardableResult
    @inlinable
    public func start<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (AsyncWorkerContext<WorkerProgress>) async throws -> Value
    ) -> WorkerHandle<Value, WorkerProgress> {
        WorkerHandle(
            worker: begin(name, options, .async { try await body(AsyncWorkerContext($0, row: $1)) }))
    }

    /// The same with updates of a type of one's own.
    @discardableResult
    @inlinable
    public func start<Value: Sendable, Update: Sendable>(
        _ name: String, reporting: Update.Type, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (AsyncWorkerContext<Update>) async throws -> Value
    ) -> WorkerHandle<Value, Update> {
        WorkerHandle(
            worker: begin(name, options, .async { try await body(AsyncWorkerContext($0, row: $1)) }))
    }

    @usableFromInline
    func begin(_ name: String, _ options: WorkerOptions, _ body: WorkerBody) -> Worker {
        let worker = core.make(name, options: options, body: body)
        let placement: ScopeCore.Placement =
            switch options.placement {
            case .queued: .queue
            case .onlyIfThreadIsFree: .onlyIfFree
            case .onReservedThread: .reserved
            }
        if let refusal = core.launch(worker, placement) { worker.end(core.refusalEnding(refusal)) }
        return worker
    }

    // MARK: Start with conditions

    /// Starts a worker only if a thread is free for it right now, and a place within the scope's limit. Throws
    /// ``WorkerPoolError`` when none is. For the other forms
    /// of a body see ``WorkerOptions/placement``.
    public func tryStart<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Value
    ) throws -> WorkerHandle<Value, WorkerProgress> {
        try WorkerHandle(
            worker: beginOrThrow(name, options, .sync { try body(WorkerContext($0, row: $1)) }, .onlyIfFree))
    }

    /// Starts a worker in the place of a thread reserved before, ahead of everything queued.
    /// Throws ``WorkerPoolError`` when none is reserved, or the scope runs as many workers as its limit allows. A start uses the
    /// reservation up, except on a closed scope, where the worker is stopped at once.
    public func startOnReservedThread<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Value
    ) throws -> WorkerHandle<Value, WorkerProgress> {
        try WorkerHandle(
            worker: beginOrThrow(name, options, .sync { try body(WorkerContext($0, row: $1)) }, .reserved))
    }

    /// Starts a worker once the scope has a free place within its limit and the pool's bounded queue has room: backpressure
    /// for whoever makes the work. Throws `CancellationError` when the waiting task is cancelled and ``WorkerPoolError``
    /// when the pool is closed. A scope that is stopped or closed meanwhile gives a handle that ended as stopped. (The options'
    /// placement is that of a queued worker.)
    public func startWhenRoom<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Value
    ) async throws -> WorkerHandle<Value, WorkerProgress> {
        try await WorkerHandle(worker: beginWhenRoom(name, options, .sync { try body(WorkerContext($0, row: $1)) }))
    }

    /// The same with updates of a type of one's own.
    public func startWhenRoom<Value: Sendable, Update: Sendable>(
        _ name: String, reporting: Update.Type, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<Update>) throws -> Value
    ) async throws -> WorkerHandle<Value, Update> {
        try await WorkerHandle(worker: beginWhenRoom(name, options, .sync { try body(WorkerContext($0, row: $1)) }))
    }

    /// The same with an async body.
    public func startWhenRoom<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (AsyncWorkerContext<WorkerProgress>) async throws -> Value
    ) async throws -> WorkerHandle<Value, WorkerProgress> {
        try await WorkerHandle(
            worker: beginWhenRoom(name, options, .async { try await body(AsyncWorkerContext($0, row: $1)) }))
    }

    /// The same with an async body and updates of a type of one's own.
    public func startWhenRoom<Value: Sendable, Update: Sendable>(
        _ name: String, reporting: Update.Type, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (AsyncWorkerContext<Update>) async throws -> Value
    ) async throws -> WorkerHandle<Value, Update> {
        try await WorkerHandle(
            worker: beginWhenRoom(name, options, .async { try await body(AsyncWorkerContext($0, row: $1)) }))
    }

    private func beginWhenRoom(_ name: String, _ options: WorkerOptions, _ body: WorkerBody) async throws -> Worker {
        let worker = core.make(name, options: options, body: body)
        do {
            while let refusal = core.launch(worker, .whenRoom) {
                guard refusal.code == .queueFull else { throw refusal }
                try await core.waitForRoom(orEndOf: worker)
            }
        } catch {
            worker.end(.stopped(.requested("it was not admitted: \(error)")))
            throw error
        }
        return worker
    }

    private func beginOrThrow(
        _ name: String, _ options: WorkerOptions, _ body: WorkerBody, _ placement: ScopeCore.Placement
    ) throws -> Worker {
        let worker = core.make(name, options: options, body: body)
        if let refusal = core.launch(worker, placement) {
            worker.end(.stopped(.requested("it was not admitted: \(refusal)")))
            throw refusal
        }
        return worker
    }

    // MARK: Run

    /// Runs a worker and returns what it returns: structured. Cancelling the caller stops the worker; this returns only
    /// once the worker has its ending.
    ///
    /// Throws what the body throws, `CancellationError` when the caller was cancelled, and otherwise as
    /// ``WorkerHandle/value`` does.
    public func run<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (WorkerContext<WorkerProgress>) throws -> Value
    ) async throws -> Value {
        try await start(name, options: options, body).structuredValue
    }

    /// The same with an async body.
    public func run<Value: Sendable>(
        _ name: String, options: WorkerOptions = WorkerOptions(),
        _ body: @escaping @Sendable (AsyncWorkerContext<WorkerProgress>) async throws -> Value
    ) async throws -> Value {
        try await start(name, options: options, body).structuredValue
    }
}

extension ScopeCore {
    /// Waits until `worker` may be started, or need not be any more: a close and a stop end it where it is.
    func waitForRoom(orEndOf worker: WorkerCore) async throws {
        try Task.checkCancellation()
        let signal = WakeSignal()
        let wait = whenRoom { signal.wake() }
        let end = worker.whenEnded { _ in signal.wake() }
        defer {
            forgetRoom(wait)
            if let end { worker.forget(end) }
        }
        await signal.wait()
        try Task.checkCancellation()
    }

    /// A refusal because the end has come is a stop; any other is the worker's failure.
    func refusalEnding(_ refusal: WorkerPoolError) -> WorkerEnding {
        refusal.code == .closed ? .stopped(root.node.reason?.forChild ?? .requested(refusal.message)) : .failed(refusal)
    }
}
