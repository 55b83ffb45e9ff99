import CRoostLedger
import CRoostPlatform

/// The queue and the thread behind a ``SerialThread``. The thread lives while there is work or until it is retired.
final class SerialThreadCore: Sendable {
    let name: String
    private let options: PlatformThread.Options
    private let root: WorkRoot?
    private let parker = Parker()
    private let state = Locked(State())

    private struct State {
        var jobs: [@Sendable () -> Void] = []
        var isRunning = false
        var shortage = ThreadShortage()
        /// The kernel's id of the thread; nil while there is none.
        var kernelThread: Int32?
        var isBusy = false
        var busySince = MonotonicTime.now
        var isClosed = false
        var isRetired = false
        var idleWaiters: [@Sendable () -> Void] = []
        var timers: [ObjectIdentifier: SerialTimer] = [:]
    }

    init(name: String, options: PlatformThread.Options, root: WorkRoot?) {
        self.name = name
        self.options = options
        self.root = root
        root?.add(self)
    }

    // proof: compared only.
    var isCurrent: Bool { roost_thread_current() == Unmanaged.passUnretained(self).toOpaque() }
    var isClosed: Bool { state.withLock { $0.isClosed } }

    var kernelThread: Int32? { state.withLock { $0.kernelThread } }

    /// Since when the present job runs; nil while idle.
    var busySince: MonotonicTime? { state.withLock { $0.isBusy ? $0.busySince : nil } }

    func put(_ job: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.jobs.append(job)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        if mustStart { start() } else { parker.unpark() }
    }

    private func start() {
        guard let failure = PlatformThread.start(name: name, options: options, { self.run() }) else { return }
        // No thread to be had now: tried again until there is one, and nothing queued is lost.
        if state.withLock({ $0.shortage.refused() }) { ThreadShortage.say(name, failure) }
        _ = SystemTime.shared.schedule(after: ThreadShortage.interval) { [self] in start() }
    }

    private func run() {
        // proof: this method holds it until it takes it off again.
        roost_thread_set_current(Unmanaged.passUnretained(self).toOpaque())
        state.withLock { state in
            state.kernelThread = roost_thread_id()
            state.shortage = ThreadShortage()
        }
        // For whoever lists threads, or reads what a crash left.
        let row = LedgerOwner.serialThread(name).takeRow()
        defer {
            if let row { roost_ledger_give_back(row) }
            roost_thread_set_current(nil)
        }
        while true {
            let (jobs, idle, ends) = state.withLock { state -> ([@Sendable () -> Void], [@Sendable () -> Void], Bool) in
                if !state.jobs.isEmpty {
                    defer { state.jobs = [] }
                    state.isBusy = true
                    state.busySince = .now
                    return (state.jobs, [], false)
                }
                state.isBusy = false
                let ends = state.isClosed || state.isRetired
                if ends {
                    state.isRunning = false
                    state.kernelThread = nil
                }
                defer { state.idleWaiters = [] }
                return ([], state.idleWaiters, ends)
            }
            for job in jobs { job() }
            for wake in idle { wake() }
            if ends { return removeFromRootIfOver() }
            if jobs.isEmpty { parker.park() }
        }
    }

    /// Calls `action` once nothing is queued and nothing runs; at once when that is so.
    func whenIdle(_ action: @escaping @Sendable () -> Void) {
        let isIdle = state.withLock { state in
            if state.jobs.isEmpty, !state.isBusy { return true }
            state.idleWaiters.append(action)
            return false
        }
        if isIdle { action() }
    }

    func close() {
        let timers = state.withLock { state in
            state.isClosed = true
            defer { state.timers = [:] }
            return state.timers.values.map { $0 }
        }
        for timer in timers { timer.cancel() }
        parker.unpark()
    }

    func retire() {
        close()
        state.withLock { $0.isRetired = true }
        parker.unpark()
        removeFromRootIfOver()
    }

    private func removeFromRootIfOver() {
        if state.withLock({ $0.isRetired && !$0.isRunning }) { root?.remove(self) }
    }

    func add(_ timer: SerialTimer) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            state.timers[ObjectIdentifier(timer)] = timer
            return true
        }
    }

    func remove(_ timer: SerialTimer) {
        state.withLock { $0.timers[ObjectIdentifier(timer)] = nil }
    }
}

/// A timer whose body runs on a serial thread.
final class SerialTimer: Sendable {
    private let thread: SerialThreadCore
    private let time: any TimeSource
    private let interval: Duration
    private let repeats: Bool
    private let body: @Sendable () -> Void
    private let state = Locked<(pending: TimerRegistration?, isCancelled: Bool)>((nil, false))

    init(
        thread: SerialThreadCore, time: any TimeSource, interval: Duration, repeats: Bool,
        _ body: @escaping @Sendable () -> Void
    ) {
        self.thread = thread
        self.time = time
        self.interval = interval
        self.repeats = repeats
        self.body = body
    }

    func start() -> TimerRegistration {
        if thread.add(self) { arm() } else { cancel() }
        return TimerRegistration { [self] in
            thread.remove(self)
            cancel()
        }
    }

    private func arm() {
        let pending = time.schedule(after: interval) { [self] in thread.put { self.fire() } }
        let isCancelled = state.withLock { state in
            state.pending = pending
            return state.isCancelled
        }
        if isCancelled { pending.cancel() }
    }

    private func fire() {
        guard !state.withLock({ $0.isCancelled }) else { return }
        body()
        if repeats { arm() } else { thread.remove(self) }
    }

    func cancel() {
        let pending = state.withLock { state in
            state.isCancelled = true
            defer { state.pending = nil }
            return state.pending
        }
        pending?.cancel()
    }
}
