import CRoostPlatform

/// What has to be done at the end of the process: flush, unlock, say goodbye.
///
/// Finalizers run after the workers have ended, the last registered first, one at a time on a thread of their own (where the system gives none, on one of Roost's). One
/// past its limit is abandoned and named in the report, and the next one runs; the process then ends with 70, since something
/// still runs.
public final class FinalizerRegistration: Sendable {
    let finalizer: Finalizer
    private let owner: Shutdown

    init(finalizer: Finalizer, owner: Shutdown) {
        self.finalizer = finalizer
        self.owner = owner
    }

    /// Takes the finalizer back, if it has not begun.
    public func remove() {
        owner.remove(finalizer)
    }
}

final class Finalizer: Sendable {
    let name: String
    let limit: Duration?
    let needsMainActor: Bool
    let body: @Sendable () throws -> Void

    init(name: String, limit: Duration?, needsMainActor: Bool, body: @escaping @Sendable () throws -> Void) {
        self.name = name
        self.limit = limit
        self.needsMainActor = needsMainActor
        self.body = body
    }
}

/// How a finalizer went.
public struct FinalizerReport: Sendable, Hashable {
    /// Its name.
    public let name: String
    /// How long it took, or was waited for.
    public let duration: Duration
    /// `done`, `failed: …`, `abandoned: past its limit`, `skipped: …`.
    public let outcome: String
    /// From the request for the end to its begin; nil in a report of the form without it.
    public internal(set) var beganAfter: Duration?
    /// The most it was to take by itself; nil when only the budget limited it.
    public internal(set) var limit: Duration?
    /// The kernel's id of the thread that it ran on, of one that was abandoned.
    package internal(set) var kernelThread: Int32?
    /// What the thread of one that was abandoned was doing, in the report of a shutdown that has a ``StackSource``.
    public internal(set) var onThread: ThreadStack?

    var isAbandoned: Bool { outcome.hasPrefix("abandoned") }
}

/// Runs finalizers one after the other, each within its limit and all before the deadline.
struct FinalizerRun {
    /// How long a main thread has to answer before a finalizer that needs it is skipped.
    static let mainActorPatience = Duration.milliseconds(100)
    /// Who needs no longer than this needs no stack.
    static let slowness = Duration.milliseconds(200)

    private var deadline: BudgetDeadline
    private let request: MonotonicTime
    private let onBegin: (String) -> Void
    private let onSlow: (Int32) -> Void

    /// `request` is when the end was asked for; `onSlow` is told the thread of each that may become late.
    init(
        deadline: MonotonicTime, request: MonotonicTime, onBegin: @escaping (String) -> Void,
        onSlow: @escaping (Int32) -> Void = { _ in }
    ) {
        self.request = request
        self.onSlow = onSlow
        self.deadline = BudgetDeadline(deadline, since: .now)
        self.onBegin = onBegin
    }

    mutating func run(_ finalizers: [Finalizer]) -> [FinalizerReport] {
        var reports: [FinalizerReport] = []
        for finalizer in finalizers.reversed() { reports.append(run(finalizer)) }
        return reports
    }

    private mutating func run(_ finalizer: Finalizer) -> FinalizerReport {
        let start = MonotonicTime.now
        func report(_ outcome: String) -> FinalizerReport {
            FinalizerReport(
                name: finalizer.name, duration: .now - start, outcome: outcome, beganAfter: start - request,
                limit: finalizer.limit)
        }
        guard !deadline.isOver(at: start) else { return report("skipped: the budget was used up") }
        if let limit = finalizer.limit, limit <= .zero { return report("skipped: its limit is zero") }
        onBegin(finalizer.name)
        let end = min(deadline.time, finalizer.limit.map { start + $0 } ?? deadline.time)
        let call = FinalizerCall(finalizer.body)
        var hasThread = true
        if finalizer.needsMainActor {
            TaskPort.main.post { call.run() }
            guard call.waitForBegin(until: min(end, start + Self.mainActorPatience)) || !call.cancel() else {
                return report("skipped: the main thread did not answer")
            }
        } else {
            // Not that of the timers: it may still be asking.
            hasThread = SystemTime.shared.runOnThread(named: "roost-finalizer", or: .budgets) { call.run() }
        }
        guard let result = call.waitForEnd(until: end, within: &deadline, onSlow: onSlow) else {
            // Behind others that hang.
            if !hasThread, call.cancel() { return report("skipped: no thread for it") }
            var late = report("abandoned: past its limit")
            late.kernelThread = call.kernelThread
            return late
        }
        switch result {
        case .success: return report("done")
        case .failure(let error): return report("failed: \(error)")
        }
    }
}

/// One call on another thread, waited for by this one.
private final class FinalizerCall: Sendable {
    private enum State {
        case waiting
        case cancelled
        case running
        case ended(Result<Void, any Error>)
    }

    private let body: @Sendable () throws -> Void
    private let state = Locked(State.waiting)
    private let runner = Locked<Int32?>(nil)
    private let parker = Parker()

    /// The kernel's id of the thread that runs it; nil before.
    var kernelThread: Int32? { runner.withLock { $0 } }

    init(_ body: @escaping @Sendable () throws -> Void) {
        self.body = body
    }

    func run() {
        let mayRun = state.withLock { state in
            guard case .waiting = state else { return false }
            state = .running
            return true
        }
        guard mayRun else { return }
        runner.withLock { $0 = roost_thread_id() }
        parker.unpark()
        let result = Result { try body() }
        state.withLock { $0 = .ended(result) }
        parker.unpark()
    }

    /// True when it had not begun, and now never will.
    func cancel() -> Bool {
        state.withLock { state in
            guard case .waiting = state else { return false }
            state = .cancelled
            return true
        }
    }

    func waitForBegin(until deadline: MonotonicTime) -> Bool {
        while true {
            if state.withLock({ if case .waiting = $0 { false } else { true } }) { return true }
            if !parker.park(until: deadline) { return false }
        }
    }

    /// `budget`, that of all finalizers, stands still with the limit of this one while the process is stopped.
    func waitForEnd(
        until limit: MonotonicTime, within budget: inout BudgetDeadline, onSlow: (Int32) -> Void
    ) -> Result<Void, any Error>? {
        var slow: MonotonicTime? = .now + FinalizerRun.slowness
        var limit = BudgetDeadline(limit, since: .now)
        while true {
            if case .ended(let result) = state.withLock({ $0 }) { return result }
            let now = MonotonicTime.now
            _ = budget.isOver(at: now)
            if let time = slow, now >= time, let thread = kernelThread {
                onSlow(thread)
                slow = nil
            }
            if limit.isOver(at: now) { return nil }
            parker.park(oneStepOf: limit)
        }
    }
}
