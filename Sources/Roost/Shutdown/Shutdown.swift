import CRoostPlatform
import Glibc

/// The end of the process: refuses new work, asks every worker to stop, waits with a budget, runs finalizers, writes the
/// report and ends with a status that tells the truth.
///
/// Nothing is installed by importing Roost. A program calls ``run(_:configuration:_:)`` once, as its `main`; a toolkit's
/// application calls ``install(_:configuration:)`` and, when its last window has gone, ``request(_:status:)``.
///
/// The end is bounded: the budget's clock starts at the request (for a signal: in its handler) and does not need the main
/// thread. Past it the process ends in C, with status 70 and the late workers named. While the process itself is stopped
/// (SIGSTOP) the clock stands still.
public final class Shutdown: Sendable {
    /// How a program wants to end.
    public struct Configuration: Sendable {
        /// The time from the request until the process is gone. Default 10 s.
        public var budget: Duration
        /// The signals that ask for the end. One that was ignored at the start (nohup) stays ignored.
        public var signals: [Int32]
        /// Where the report is written, as JSON; nil for nowhere. The folder must exist.
        public var reportPath: String?

        /// Creates a configuration; by default SIGINT, SIGTERM and SIGHUP ask for the end.
        public init(
            budget: Duration = .seconds(10), signals: [Int32] = [SIGINT, SIGTERM, SIGHUP], reportPath: String? = nil
        ) {
            self.budget = budget
            self.signals = signals
            self.reportPath = reportPath
        }
    }

    /// The one of this process.
    public static let process = Shutdown(root: .process)

    private struct State {
        var machine = ShutdownStateMachine()
        var program = ""
        var configuration = Configuration()
        var isInstalled = false
        var finalizers: [Finalizer] = []
        var listeners: [(port: any DeliveryPort, handler: @Sendable (ShutdownEvent) -> Void)] = []
        var status: Int32 = 0
        /// The main body may still say the status.
        var isOpenStatus = false
        var askedAt: Int64 = 0
        var main: MainBody?
        var onContinue: [@Sendable () -> Void] = []
        var onLast: [@Sendable (MonotonicTime) -> Void] = []
        var stackSource: (any StackSource)?
        var windowSources: [@MainActor @Sendable () -> [String]] = []
    }

    let root: WorkRoot
    private let state = Locked(State())
    /// Set at the very end; the main loop of ``run(_:configuration:_:)`` leaves with it.
    package let outcome = OneShot<ProcessOutcome>()

    package init(root: WorkRoot) {
        self.root = root
    }

    // MARK: Set-up

    /// Installs the signal handlers and the backstop thread. Call it once, early, from the main thread; a second call
    /// changes nothing. Throws ``SystemCallError`` when the system has no pipe or thread left; it may be tried again then.
    public func install(_ program: String, configuration: Configuration = Configuration()) throws {
        let isFirst = state.withLock { state in
            guard !state.isInstalled else { return false }
            state.isInstalled = true
            state.program = program
            state.configuration = configuration
            return true
        }
        guard isFirst else { return }
        do { try installHandlers(configuration) } catch {
            state.withLock { $0.isInstalled = false }
            throw error
        }
    }

    private func installHandlers(_ configuration: Configuration) throws(SystemCallError) {
        // Limits of time hold, and the end comes, also when the system has no thread left by then.
        try SystemTime.shared.prepare()
        // Before anything is opened: what Roost opens must not get the number of a stream that was closed at the start.
        roost_fill_standard_descriptors()
        // 50 ms: the coordinator is on time; the backstop is for when it cannot run at all.
        let backstop = roost_backstop_start(configuration.budget.clampedNanoseconds, 50_000_000)
        guard backstop == 0 else { throw SystemCallError(call: "pthread_create", errno: backstop) }
        prepareLastWords(
            "\(facts.program): the process did not end within \(configuration.budget.short) and could not say why\n")
        let failure = roost_signals_install(configuration.signals, configuration.signals.count)
        guard failure == 0 else { throw SystemCallError(call: "pipe2", errno: failure) }
        let thread = PlatformThread.start(name: "roost-signals", options: .init(stackSize: 1 << 20)) { [self] in
            while true { received(roost_signals_wait()) }
        }
        if let thread { throw SystemCallError(call: "pthread_create", errno: thread) }
    }

    private func received(_ number: Int32) {
        if number == 0 {
            ShutdownRun(shutdown: self).run()
        } else if number == SIGCONT {
            for action in state.withLock({ $0.onContinue }) { action() }
        } else if state.withLock({ $0.configuration.signals.contains(number) }) {
            request(.signal(number))
        }
    }

    /// Calls `action`, on a thread of Roost, when the process goes on after the stop key (Ctrl-Z) had stopped it.
    package func onContinue(_ action: @escaping @Sendable () -> Void) {
        state.withLock { $0.onContinue.append(action) }
    }

    // MARK: Finalizers

    /// Registers what has to be done at the end, on a thread of its own. Of several, the last registered runs first.
    ///
    /// - Parameters:
    ///   - name: For the report.
    ///   - limit: The most it may take; nil for what is left of the finalizers' share of the budget.
    ///   - body: What is to be done; what it throws is in the report. One that is registered after the finalizers have run
    ///     is not run any more.
    @discardableResult
    public func addFinalizer(
        _ name: String, within limit: Duration? = nil, _ body: @escaping @Sendable () throws -> Void
    ) -> FinalizerRegistration {
        add(Finalizer(name: name, limit: limit, needsMainActor: false, body: body))
    }

    /// The same on the main actor; skipped, and named, when the main thread does not answer.
    @discardableResult
    public func addMainActorFinalizer(
        _ name: String, within limit: Duration? = nil, _ body: @escaping @MainActor @Sendable () throws -> Void
    ) -> FinalizerRegistration {
        // proof: one that needs the main actor is run there (`FinalizerRun`).
        add(Finalizer(name: name, limit: limit, needsMainActor: true) { try MainActor.assumeIsolated { try body() } })
    }

    private func add(_ finalizer: Finalizer) -> FinalizerRegistration {
        state.withLock { $0.finalizers.append(finalizer) }
        return FinalizerRegistration(finalizer: finalizer, owner: self)
    }

    func remove(_ finalizer: Finalizer) {
        state.withLock { $0.finalizers.removeAll { $0 === finalizer } }
    }

    // MARK: Stacks

    /// Who tells what the late were doing; nil, as at first, and the report names them without their stacks. With a source the
    /// report has a larger share of the budget. May be set on any thread, before the end begins.
    public var stackSource: (any StackSource)? {
        get { state.withLock { $0.stackSource } }
        set {
            // The one before is let go outside the lock.
            var source = newValue
            state.withLock { swap(&$0.stackSource, &source) }
        }
    }

    var windowSources: [@MainActor @Sendable () -> [String]] { state.withLock { $0.windowSources } }

    func addWindows(_ titles: @escaping @MainActor @Sendable () -> [String]) {
        state.withLock { $0.windowSources.append(titles) }
    }

    // MARK: Looking on

    /// Where the shutdown is.
    public var phase: ShutdownPhase { state.withLock { $0.machine.phase } }

    /// Stopped when the shutdown begins.
    public var token: StopToken { StopToken(node: root.node, keeper: root) }

    /// Calls `handler` on `port` with everything a program can show while it ends.
    public func onEvent(on port: any DeliveryPort, _ handler: @escaping @Sendable (ShutdownEvent) -> Void) {
        state.withLock { $0.listeners.append((port, handler)) }
    }

    /// The same on the main actor.
    public func onEvent(_ handler: @escaping @MainActor @Sendable (ShutdownEvent) -> Void) {
        // proof: the port runs its jobs on the main actor.
        onEvent(on: .mainActor) { event in MainActor.assumeIsolated { handler(event) } }
    }

    var hasListeners: Bool { state.withLock { !$0.listeners.isEmpty } }

    func emit(_ event: ShutdownEvent) {
        for listener in state.withLock({ $0.listeners }) {
            listener.port.post { listener.handler(event) }
        }
    }

    // MARK: The end

    /// Begins the end; false when it has begun already (the first cause and status stay). Returns at once: the end runs on
    /// a thread of its own and ends the process. A signal that came before counts as the first cause, also when whoever reads
    /// it has not run yet.
    ///
    /// - Parameters:
    ///   - cause: What the workers are told, and the report.
    ///   - status: The exit status, 0 to 255; any other is 255, for the system keeps eight bits of it.
    @discardableResult
    public func request(_ cause: ShutdownCause, status: Int32 = 0) -> Bool {
        beginEnd(cause, status: status, isOpenStatus: false)
    }

    func beginEnd(_ cause: ShutdownCause, status: Int32, isOpenStatus: Bool) -> Bool {
        let signal = isInstalled ? roost_signals_first() : 0
        let cause = signal == 0 ? cause : .signal(signal)
        let status = Self.exitStatus(status)
        let begun = state.withLock { state in
            let budget = ShutdownBudget(
                state.configuration.budget, hasFinalizers: !state.finalizers.isEmpty,
                hasStacks: state.stackSource != nil)
            guard state.machine.request(cause, budget: budget, now: .now) else { return false }
            state.status = status
            state.isOpenStatus = isOpenStatus
            state.askedAt = Int64(time(nil))
            return true
        }
        guard begun else { return false }
        roost_signals_ending_begun()
        roost_backstop_arm()
        // Should there be no thread to be had, it is done by the one that waits for signals.
        let failure = PlatformThread.start(name: "roost-shutdown") { [self] in ShutdownRun(shutdown: self).run() }
        if failure != nil { roost_signals_wake() }
        return true
    }

    private static func exitStatus(_ status: Int32) -> Int32 { (0...255).contains(status) ? status : 255 }

    /// The main body returned, with this status; it counts if the end was asked for by somebody who left it open.
    func mainEnded(with status: Int32) {
        state.withLock { state in
            if state.isOpenStatus { state.status = Self.exitStatus(status) }
            state.isOpenStatus = false
        }
    }

    /// Calls `action` after the last event, right before the process ends, with the time until which that waits for it: for whoever
    /// hands events on and would lose the last ones. On a thread of its own, beside the others: one that blocks takes nothing from them.
    package func onLast(_ action: @escaping @Sendable (MonotonicTime) -> Void) {
        state.withLock { $0.onLast.append(action) }
    }

    func runLast(until deadline: MonotonicTime) {
        let actions = state.withLock { $0.onLast }
        let open = Locked(actions.count)
        let isDone = Parker()
        for action in actions {
            let run: @Sendable () -> Void = {
                action(deadline)
                let isLast = open.withLock { open in
                    open -= 1
                    return open == 0
                }
                if isLast { isDone.unpark() }
            }
            // Without a thread for it, on this one: it was told until when.
            if PlatformThread.start(name: "roost-last", options: .init(stackSize: 256 * 1024), run) != nil { run() }
        }
        if !actions.isEmpty { isDone.park(until: deadline) }
    }

    func prepareLastWords(_ text: String, file: String? = nil) {
        let path = state.withLock { $0.configuration.reportPath }
        roost_last_words(path, file, file?.utf8.count ?? 0, text, text.utf8.count)
    }

    // MARK: What the run needs

    var facts: (machine: ShutdownStateMachine, program: String, status: Int32, askedAt: Int64, main: MainBody?) {
        state.withLock { ($0.machine, $0.program, $0.status, $0.askedAt, $0.main) }
    }

    var configuration: Configuration { state.withLock { $0.configuration } }

    package func setMain(_ main: MainBody) {
        state.withLock { $0.main = main }
    }

    private var isInstalled: Bool { state.withLock { $0.isInstalled } }

    func advance<Result>(_ body: (inout ShutdownStateMachine) -> Result) -> Result {
        state.withLock { body(&$0.machine) }
    }

    /// From here on no finalizer can be added in time.
    func takeFinalizers() -> [Finalizer] {
        state.withLock { state in
            defer { state.finalizers = [] }
            return state.finalizers
        }
    }
}
