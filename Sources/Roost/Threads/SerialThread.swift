import CRoostPlatform

/// A named thread of one's own: what is put on it runs there, one at a time, in order. For native libraries that insist on
/// one thread, and for actors that should live on it.
///
/// ```swift
/// actor Camera {
///     private let thread = SerialThread("camera")
///     nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
/// }
/// ```
/// The thread starts with the first job. It is also a ``DeliveryPort``. Dropping the last reference ends the thread once
/// everything queued has run.
public final class SerialThread: SerialExecutor, DeliveryPort {
    let core: SerialThreadCore
    private let time: any TimeSource

    /// Creates the thread's executor.
    ///
    /// - Parameters:
    ///   - name: Of the thread; the system shows its first 15 bytes.
    ///   - stackSize: In bytes, from 128 KiB to 1 GiB, clamped; nil for the system's default.
    ///   - priority: The operating system's scheduling priority.
    ///   - time: Where its timers get time from.
    public convenience init(
        _ name: String, stackSize: Int? = nil, priority: ThreadPriority = .normal,
        time: any TimeSource = SystemTime.shared
    ) {
        self.init(name, stackSize: stackSize, priority: priority, time: time, root: .process)
    }

    /// Without a root it is not waited for at the end of the process: for threads that only show things.
    package init(_ name: String, stackSize: Int?, priority: ThreadPriority, time: any TimeSource, root: WorkRoot?) {
        core = SerialThreadCore(name: name, options: .init(stackSize: stackSize, nice: priority.nice), root: root)
        self.time = time
    }

    deinit { core.retire() }

    /// The thread's name.
    public var name: String { core.name }
    /// True when the caller runs on this thread.
    public var isCurrent: Bool { core.isCurrent }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        // The job holds the executor until it has run: nothing else may.
        core.put { [self] in job.runSynchronously(on: asUnownedSerialExecutor()) }
    }

    public func checkIsolated() {
        precondition(isCurrent, "Roost: expected to run on the thread '\(name)'")
    }

    /// Queues a closure; it runs after everything queued before.
    public func post(_ job: @escaping @Sendable () -> Void) {
        core.put(job)
    }

    /// Runs `body` on the thread and returns what it returns, or throws what it throws. Throws ``SerialThreadError`` when
    /// the thread was closed before.
    public func run<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
        guard !core.isClosed else { throw SerialThreadError(thread: name) }
        return try await withCheckedThrowingContinuation { continuation in
            core.put { continuation.resume(with: Result { try body() }) }
        }
    }

    // MARK: Timers

    /// Runs `body` on the thread once, when `delay` has passed. Cancelled by the close.
    @discardableResult
    public func after(_ delay: Duration, _ body: @escaping @Sendable () -> Void) -> TimerRegistration {
        SerialTimer(thread: core, time: time, interval: delay, repeats: false, body).start()
    }

    /// Runs `body` on the thread every `interval`, counted from the end of the last run, so a slow one never piles up.
    /// Cancelled by the close.
    @discardableResult
    public func every(_ interval: Duration, _ body: @escaping @Sendable () -> Void) -> TimerRegistration {
        SerialTimer(thread: core, time: time, interval: max(interval, .microseconds(1)), repeats: true, body).start()
    }

    // MARK: The end

    /// Ends in order: timers are cancelled, ``run(_:)`` is refused, what is queued still runs, then the thread ends.
    /// False when that took longer than `budget`; the thread then ends by itself once its job returns.
    ///
    /// An actor that lives here and is used after the close still works: its jobs get a thread of the same name.
    @discardableResult
    public func close(within budget: Duration = .seconds(2)) async -> Bool {
        core.close()
        let result = OneShot<Bool>()
        core.whenIdle { result.resolve(true) }
        let timer = time.scheduleBudget(after: budget) { result.resolve(false) }
        defer { timer.cancel() }
        return await result.value
    }
}

/// The thread was closed before.
public struct SerialThreadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The thread's name.
    public let thread: String
    public var description: String { "thread '\(thread)' takes no more work: it was closed" }
}
