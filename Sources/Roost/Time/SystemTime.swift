import CRoostPlatform

/// The system's monotonic clock, with two threads of Roost's own: one for timers, one for budgets alone.
///
/// The threads start with the first timer, or with the shutdown's set-up, and sleep while nothing waits: an idle program costs no CPU.
public final class SystemTime: TimeSource {
    /// The one of this process.
    public static let shared = SystemTime()

    private let timers = Timekeeper(name: "roost-timers")
    private let budgets = Timekeeper(name: "roost-budgets")

    init() {}

    /// Starts the threads, unless they run: who needs a timer later has them, whatever the system has left by then.
    func prepare() throws(SystemCallError) {
        for keeper in [timers, budgets] {
            if let failure = keeper.prepare() { throw SystemCallError(call: "pthread_create", errno: failure) }
        }
    }

    /// One of the two.
    enum Keeper {
        case timers, budgets
    }

    /// For how long the one that was asked for is waited for.
    private static let lendingPatience = Duration.milliseconds(10)
    /// Who waits for one of the two, in the order of arrival.
    private let borrowers = Locked<[@Sendable () -> Void]>([])

    /// Runs `body` on a thread of its own, or where the system gives none on one that is there (false): `keeper`, if it can be. That is for
    /// the end of the process, for timers wait meanwhile.
    @discardableResult
    func runOnThread(named name: String, or keeper: Keeper, _ body: @escaping @Sendable () -> Void) -> Bool {
        guard PlatformThread.start(name: name, body) != nil else { return true }
        lend(keeper, to: body)
        return false
    }

    /// Runs `body` on `wanted`, or on the other one when that does not come to it: be it that another body or somebody's timer hangs there.
    func lend(_ wanted: Keeper, to body: @escaping @Sendable () -> Void) {
        borrowers.withLock { $0.append(body) }
        for keeper in [Keeper.timers, .budgets] {
            let delay = keeper == wanted ? Duration.zero : Self.lendingPatience
            _ = (keeper == .timers ? timers : budgets).schedule(after: delay, isBudget: false) { [self] in
                runBorrowers()
            }
        }
    }

    /// One after the other: who hangs is no longer in the list, and the other thread goes on with it.
    private func runBorrowers() {
        while let body = borrowers.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            // Signals find it as they do a thread of its own, and a process that is started there inherits no mask.
            roost_thread_use_main_mask()
            body()
            roost_thread_block_signals()
        }
    }

    public var now: MonotonicTime { .now }

    public func schedule(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration {
        timers.schedule(after: delay, isBudget: false, action)
    }

    public func scheduleBudget(after delay: Duration, _ action: @escaping @Sendable () -> Void) -> TimerRegistration {
        budgets.schedule(after: delay, isBudget: true, action)
    }

    /// For the checkpoint sampler, which must not wait behind a user's timer.
    func scheduleSample(after delay: Duration, _ action: @escaping @Sendable () -> Void) {
        _ = budgets.schedule(after: delay, isBudget: false, action)
    }
}

/// One thread that calls what is due. While a budget waits it looks at the clock every 50 ms: a tick that comes much
/// too late means that the process was stopped, and the budgets are moved by what was lost.
private final class Timekeeper: Sendable {
    private static let tick = Duration.milliseconds(50)
    /// Later than this is not a busy machine but a stopped process.
    private static let frozen = Duration.milliseconds(500)

    private struct State {
        var queue = TimerQueue()
        var lastID: UInt64 = 0
        var isRunning = false
        /// When the thread will look next; an earlier deadline has to wake it.
        var wakesAt = MonotonicTime(nanoseconds: .min)
    }

    private let name: String
    private let state = Locked(State())
    private let parker = Parker()

    init(name: String) {
        self.name = name
    }

    func schedule(
        after delay: Duration, isBudget: Bool, _ action: @escaping @Sendable () -> Void
    ) -> TimerRegistration {
        let deadline = MonotonicTime.now + delay
        let (id, mustStart, mustWake) = state.withLock { state in
            state.lastID += 1
            state.queue.insert(deadline: deadline, id: state.lastID, isBudget: isBudget, action)
            let mustStart = !state.isRunning
            state.isRunning = true
            return (state.lastID, mustStart, isBudget || deadline < state.wakesAt)
        }
        if mustStart {
            _ = startThread()
        } else if mustWake {
            parker.unpark()
        }
        return TimerRegistration { [self] in
            // What the action captured is let go here, after the lock is.
            _ = state.withLock { $0.queue.cancel(id) }
        }
    }

    /// An errno when there is no thread to be had.
    func prepare() -> Int32? {
        let mustStart = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        return mustStart ? startThread() : nil
    }

    private func startThread() -> Int32? {
        let options = PlatformThread.Options(stackSize: 1 << 20, blocksSignals: true)
        let failure = PlatformThread.start(name: name, options: options) { self.run() }
        // Out of threads: the next timer tries again, and late is better than never.
        if failure != nil { state.withLock { $0.isRunning = false } }
        return failure
    }

    private func run() {
        var expected: MonotonicTime?
        while true {
            let now = MonotonicTime.now
            let (actions, wake) = state.withLock { state -> ([@Sendable () -> Void], MonotonicTime?) in
                if let expected, now - expected > Self.frozen { state.queue.postponeBudgets(by: now - expected) }
                let actions = state.queue.due(at: now)
                var wake = state.queue.next
                if state.queue.hasBudgets { wake = min(wake ?? now + Self.tick, now + Self.tick) }
                if !actions.isEmpty { wake = now }
                state.wakesAt = wake ?? MonotonicTime(nanoseconds: .max)
                return (actions, wake)
            }
            for action in actions { action() }
            expected = actions.isEmpty ? wake : nil
            guard actions.isEmpty else { continue }
            parker.park(until: wake)
        }
    }
}
