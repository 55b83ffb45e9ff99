import Glibc

/// Threads that run workers: a bounded number of them, named, listed, replaced when one is lost.
///
/// Work waits in order of priority, then of arrival. Threads start when there is work and end after idling for the
/// configured time. The pool closes when its last reference goes: what has not begun is stopped, what runs goes on.
///
/// A pool is also a `TaskExecutor`: async bodies run on it, and any task may prefer it.
public final class WorkerPool: TaskExecutor, Sendable {
    /// How a pool is set up.
    public struct Configuration: Sendable {
        /// The most bodies that run at once, at least 1. Default: the machine's processors.
        public var maximumThreads: Int
        /// How long a thread waits for work before it ends; nil for ever. Default: 30 s.
        public var idleTimeout: Duration?
        /// The stack of each thread in bytes, from 128 KiB to 1 GiB, clamped; nil for the system's default (usually 8 MiB).
        public var stackSize: Int?
        /// The operating system's scheduling priority of the threads.
        public var threadPriority: ThreadPriority
        /// The most entries that may wait; nil for no bound. With a bound, a start that finds no room is refused.
        public var queueCapacity: Int?

        /// Creates a configuration.
        public init(
            maximumThreads: Int = WorkerPool.processorCount, idleTimeout: Duration? = .seconds(30),
            stackSize: Int? = nil, threadPriority: ThreadPriority = .normal, queueCapacity: Int? = nil
        ) {
            self.maximumThreads = maximumThreads
            self.idleTimeout = idleTimeout
            self.stackSize = stackSize
            self.threadPriority = threadPriority
            self.queueCapacity = queueCapacity
        }
    }

    /// The pool used when none is named: as many threads as the machine has processors.
    public static let shared = WorkerPool(name: "pool")

    let core: PoolCore

    /// Creates a pool. Its name is the front of its threads' names, of which the system shows 15 bytes.
    public init(name: String, configuration: Configuration = Configuration()) {
        core = PoolCore(name: name, configuration: configuration, root: .process)
        WorkRoot.process.add(core)
    }

    deinit {
        core.retire()
        core.removeFromRootIfOver()
    }

    /// The pool's name.
    public var name: String { core.name }

    public func enqueue(_ job: consuming ExecutorJob) {
        core.enqueue(job)
    }

    // MARK: Plain closures

    /// Queues a closure: no name, no ending, no scope. For work that should be seen and stopped, start a worker.
    @discardableResult
    public func submit(priority: WorkerPriority = .normal, _ body: @escaping @Sendable () -> Void) -> Admission {
        core.submit(.closure(body), priority: priority)
    }

    /// Queues a closure only if a thread is free for it right now.
    @discardableResult
    public func trySubmit(_ body: @escaping @Sendable () -> Void) -> Admission {
        core.submit(.closure(body), priority: .urgent, onlyIfFree: true)
    }

    /// Queues a closure once the bounded queue has room. Throws `CancellationError` when the waiting task is cancelled and
    /// ``WorkerPoolError`` when the pool takes no more work.
    public func submitWhenRoom(
        priority: WorkerPriority = .normal, _ body: @escaping @Sendable () -> Void
    ) async throws {
        while true {
            switch core.submit(.closure(body), priority: priority) {
            case .accepted: return
            case .refused(let error) where error.code == .queueFull: try await core.waitForRoom()
            case .refused(let error): throw error
            }
        }
    }

    /// Runs a closure in the place of a thread reserved before, ahead of everything queued.
    @discardableResult
    public func submitOnReservedThread(_ body: @escaping @Sendable () -> Void) -> Admission {
        core.submitReserved(.closure(body))
    }

    // MARK: Threads

    /// The most bodies that run at once; less than 1 counts as 1. Lowering it lets running bodies finish.
    public var maximumThreads: Int {
        get { core.withState { $0.maximum } }
        set { core.setMaximum(newValue) }
    }

    /// How many threads run a body now or are reserved.
    public var activeThreads: Int { core.withState { $0.active + $0.reserved } }

    /// How many entries wait for a thread, without the workers that wait behind their scope's limit.
    public var queuedCount: Int { core.withState { $0.queued } }

    /// Keeps one place free for work of yours outside the pool; even past the maximum.
    public func reserveThread() { core.reserve() }

    /// Gives a reserved place back. Throws ``WorkerPoolError`` when none was reserved.
    public func releaseThread() throws {
        guard core.release() else {
            throw core.error(.nothingReserved, "releaseThread without reserveThread before")
        }
    }

    /// The pool's threads and what each does, abandoned ones included.
    public var threads: [ThreadInfo] { core.threadInfos }

    /// The workers with an async body that has begun; one that is suspended holds no thread.
    public var asyncWorkers: [WorkerInfo] {
        core.withState { Array($0.asyncBodies.values) }.map(\.info).sorted { $0.name < $1.name }
    }

    /// The workers that wait for a thread, in the order they will start; then those that wait behind their scope's limit.
    public var queuedWorkers: [WorkerInfo] { core.queuedWorkers.map(\.info) }

    // MARK: Taking back

    /// Takes a worker that waits for a thread out of the queue: it ends as stopped and never runs. False when it has begun.
    @discardableResult
    public func tryTake<Value, Update>(_ handle: WorkerHandle<Value, Update>) -> Bool {
        let worker = handle.worker
        guard worker.scope.pool === core else { return false }
        // It may be on its way from the one queue to the other at this moment.
        while worker.state == .queued {
            if worker.scope.forgetWaiting(worker) || core.forget(worker) {
                worker.stop(.requested("taken back from the queue"))
                return true
            }
            sched_yield()
        }
        return false
    }

    /// True while the worker waits for a thread of this pool, in its queue or behind its scope's limit.
    public func contains<Value, Update>(_ handle: WorkerHandle<Value, Update>) -> Bool {
        handle.worker.scope.pool === core && core.contains(handle.worker)
    }

    /// Drops every closure and stops every worker that has not begun; returns how many there were.
    @discardableResult
    public func clear() -> Int { core.clear(.requested("the queue was cleared")) }

    /// Clears the queue and asks every running worker to stop. Plain closures have no token and run to their end.
    public func stopAll(_ reason: StopReason = .requested("the pool was stopped")) {
        _ = core.clear(reason)
        let (jobs, asyncBodies) = core.withState { ($0.threads.map(\.job), Array($0.asyncBodies.values)) }
        for case .worker(let worker)? in jobs { worker.stop(reason) }
        for worker in asyncBodies { worker.stop(reason) }
    }

    // MARK: Waiting

    /// Waits, blocking the thread, until nothing runs, no async body is suspended and nothing waits. False when `timeout` passed first.
    /// Throws ``WorkerPoolError`` when called from a worker of this pool.
    @discardableResult
    public func waitForDone(within timeout: Duration? = nil) throws -> Bool {
        try waitForDone(until: timeout.map { MonotonicTime.now + $0 })
    }

    /// The same with a deadline on the monotonic clock.
    @discardableResult
    public func waitForDone(until deadline: MonotonicTime?) throws -> Bool {
        try core.refuseWaitFromOwnWorker("waitForDone")
        let parker = Parker()
        let id = core.whenDone { parker.unpark() }
        defer { core.forgetDone(id) }
        return parker.park(until: deadline)
    }

    /// Suspends until nothing runs, no async body is suspended and nothing waits. Throws `CancellationError` when the task is cancelled and
    /// ``WorkerPoolError`` when called from a worker of this pool.
    public func done() async throws {
        try core.refuseWaitFromOwnWorker("done")
        let signal = WakeSignal()
        let done = OneShot<Void>()
        let id = core.whenDone {
            done.resolve(())
            signal.wake()
        }
        defer { core.forgetDone(id) }
        while done.valueIfResolved == nil {
            try Task.checkCancellation()
            await signal.wait()
        }
    }
}

extension PoolCore {
    func waitForRoom() async throws {
        try Task.checkCancellation()
        let signal = WakeSignal()
        let id = whenRoom { signal.wake() }
        defer { forgetRoom(id) }
        await signal.wait()
        try Task.checkCancellation()
    }
}
