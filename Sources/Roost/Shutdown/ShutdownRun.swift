import CRoostPlatform
import Glibc
import Synchronization

/// The thread that carries out one shutdown, phase by phase. Whatever could block runs on another thread, waited for with
/// a deadline.
struct ShutdownRun {
    let shutdown: Shutdown

    func run() {
        let (machine, _, _, _, main) = shutdown.facts
        guard let cause = machine.cause, let budget = machine.budget, let deadline = machine.graceDeadline else {
            return
        }
        shutdown.emit(.began(cause, budget: budget.total))
        var phases = ShutdownPhases(budget: budget)
        // The scopes are held until the report is made: the main body may let go of them as it returns.
        let (late, scopes) = stopWork(cause, main: main, deadline: deadline)
        if !late.isEmpty { shutdown.emit(.abandoned(late)) }
        phases.enter(.finalizing, after: askedFor)
        let finalizers = runFinalizers(stragglers: late.count)
        phases.enter(.reporting, after: askedFor)
        let isHanging = finalizers.contains(where: \.isAbandoned)
        shutdown.advance { machine in
            if isHanging { machine.abandonedFinalizer() }
            machine.beginReporting()
        }
        HeldFailures.report(of: shutdown.root, within: min(.milliseconds(50), budget.report / 2))
        var report = makeReport(late, finalizers, scopes)
        report.phases = phases.reports(until: report.duration)
        writeReport(report)
        shutdown.emit(.ended(report))
        shutdown.runLast(until: .now + min(.milliseconds(25), budget.report / 4))
        end(report, isLate: !late.isEmpty || isHanging)
    }

    // MARK: Stopping

    /// Refuses new work, asks, and waits; returns who was late.
    private func stopWork(
        _ cause: ShutdownCause, main: MainBody?, deadline: MonotonicTime
    ) -> ([Straggler], [ScopeCore]) {
        let root = shutdown.root
        var pools = root.livePools
        // Before and after: on a signal the main body goes on meanwhile, and may close scopes as fast as they stop.
        let scopesBefore = root.scopes
        for pool in pools { pool.refuse(true) }
        let wait = ShutdownWait()
        // Callbacks of users run while stopping: on a thread of their own, so that one that blocks costs only its wait.
        wait.expect(.asking)
        let ask: @Sendable () -> Void = { [pools] in
            root.node.stop(cause.stopReason)
            for pool in pools { _ = pool.clear(cause.stopReason) }
            wait.done(.asking)
        }
        // Without a thread for it, on this one: should a callback block, the backstop is there.
        if PlatformThread.start(name: "roost-stop", ask) != nil { ask() }
        var deadline = BudgetDeadline(deadline, since: shutdown.facts.machine.askedAt ?? .now)
        var ticks = 0
        wait.until(&deadline) { deadline in look(scopesBefore, pools, main, until: deadline, tick: &ticks) }
        // A pool that was made while the others were refused.
        let newPools = root.livePools.filter { pool in !pools.contains { $0 === pool } }
        for pool in newPools {
            pool.refuse(true)
            _ = pool.clear(cause.stopReason)
        }
        pools += newPools
        let scopes = scopesBefore + root.scopes.filter { scope in !scopesBefore.contains { $0 === scope } }
        for scope in scopes {
            let done = wait.expect(.object(scope))
            _ = scope.whenDrained(done)
        }
        for pool in pools {
            let done = wait.expect(.object(pool))
            _ = pool.whenDone(done)
        }
        for thread in root.liveThreads { thread.whenIdle(wait.expect(.object(thread))) }
        if let main {
            let done = wait.expect(.main)
            main.ended.whenResolved { _ in done() }
        }
        wait.until(&deadline) { deadline in look(scopes, pools, main, until: deadline, tick: &ticks) }
        // Only what was waited for in vain is late: a timer of a thread of one's own may well run at this very moment.
        let late = abandonLate(scopes, pools, main, wait: wait)
        if !late.isEmpty { prepareReport(late) }
        return (late, scopes)
    }

    private func look(
        _ scopes: [ScopeCore], _ pools: [PoolCore], _ main: MainBody?, until deadline: MonotonicTime, tick: inout Int
    ) {
        if shutdown.hasListeners {
            let workers = scopes.flatMap(\.workers)
            shutdown.emit(
                .waiting(
                    for: workers.map(\.info), others: others(workers, pools, main),
                    timeLeft: max(.zero, deadline - .now)))
        }
        // Each preparation is kept in memory: often in the first second, then every five.
        if tick < 10 || tick % 50 == 0 { prepareReport(stragglers(scopes, pools, main)) }
        tick += 1
    }

    private var request: MonotonicTime { shutdown.facts.machine.askedAt ?? .now }

    var askedFor: Duration {
        let request = request
        return .now - request
    }

    // MARK: Finalizers and report

    private func runFinalizers(stragglers: Int) -> [FinalizerReport] {
        let deadline = shutdown.advance { $0.beginFinalizing(stragglers: stragglers, now: .now) }
        let shutdown = shutdown
        var run = FinalizerRun(deadline: deadline, request: request) { shutdown.emit(.finalizing($0)) }
        var reports: [FinalizerReport] = []
        // A finalizer may register another one.
        while true {
            let finalizers = shutdown.takeFinalizers()
            guard !finalizers.isEmpty else { break }
            reports += run.run(finalizers)
        }
        return reports + flushOutput(stragglers: stragglers, finalizers: reports)
    }

    /// A program that exits wants its output read: whoever reads slowly has what is left of the budget for it. (After a
    /// signal nobody waits for that.)
    private func flushOutput(stragglers: Int, finalizers: [FinalizerReport]) -> [FinalizerReport] {
        let (machine, _, status, _, _) = shutdown.facts
        guard stragglers == 0, !finalizers.contains(where: \.isAbandoned), let budget = machine.budget,
            let askedAt = machine.askedAt, case .exited = machine.outcome(programStatus: status)
        else { return [] }
        let start = MonotonicTime.now
        guard !ProcessExit.flushOutputToReader(until: askedAt + (budget.total - budget.report)) else { return [] }
        return [
            FinalizerReport(
                name: "standard output", duration: .now - start, outcome: "abandoned: nobody reads it",
                beganAfter: start - askedAt)
        ]
    }

    private func makeReport(
        _ late: [Straggler], _ finalizers: [FinalizerReport], _ scopes: [ScopeCore]
    ) -> ShutdownReport {
        let (machine, program, status, askedAt, _) = shutdown.facts
        let request = request
        return ShutdownReport(
            program: program, process: getpid(), cause: machine.cause.map { "\($0)" } ?? "", askedAt: askedAt,
            budget: machine.budget?.total ?? .zero, duration: askedFor,
            outcome: machine.outcome(programStatus: status),
            workers: scopes.flatMap(\.stoppedWorkers).map { $0.counted(from: request) }, stragglers: late,
            finalizers: finalizers,
            unobservedFailures: UnobservedFailure.recent)
    }

    /// What is said if the process has to be ended without Swift's help: the backstop's words. Of many, the first hundred,
    /// since each preparation is kept in memory.
    private func prepareReport(_ late: [Straggler]) {
        var report = makeReport(Array(late.prefix(100)), [], [])
        report.outcome = .exited(ProcessOutcome.pastBudgetStatus)
        shutdown.prepareLastWords(report.description + "\n", file: report.json)
    }

    private func writeReport(_ report: ShutdownReport) {
        let text = report.isClean ? "" : report.description + "\n"
        // Handed to C first: should the disk not answer, the backstop still says who was late.
        shutdown.prepareLastWords(text, file: report.json)
    }

    // MARK: The end

    private func end(_ report: ShutdownReport, isLate: Bool) {
        guard !isLate else {
            ProcessExit.flushOutput(until: .now + .milliseconds(50))
            roost_end_now(ProcessOutcome.pastBudgetStatus)
        }
        ProcessExit.prepare { [shutdown] in
            // What comes after the report: should it hang, the backstop says so.
            var last = report
            last.outcome = .exited(ProcessOutcome.pastBudgetStatus)
            last.finalizers.append(
                FinalizerReport(name: "exit", duration: .zero, outcome: "abandoned: a handler of atexit did not return")
            )
            shutdown.prepareLastWords(last.description + "\n", file: last.json)
        }
        shutdown.outcome.resolve(report.outcome)
        // With a main body the main thread leaves its loop now and ends the process; a toolkit's loop is ended by whoever
        // listens to `.ended`. One that does neither within the report's share of the budget is not waited for longer.
        let budget = shutdown.facts.machine.budget
        let left = (budget?.total ?? .zero) - askedFor
        Parker().park(until: .now + min(max(budget?.report ?? .zero, .milliseconds(100)), left))
        ProcessExit.end(report.outcome)
    }
}

/// The last step of an orderly end.
package enum ProcessExit {
    private static let hasBegun = Atomic<Bool>(false)
    private static let onExit = Locked<(@Sendable () -> Void)?>(nil)

    /// What is to be done between the report and `exit`.
    static func prepare(_ action: @escaping @Sendable () -> Void) {
        onExit.withLock { $0 = action }
    }

    /// Ends the process as the outcome says. Only the first caller does; another one waits to be ended.
    package static func end(_ outcome: ProcessOutcome) -> Never {
        if hasBegun.exchange(true, ordering: .acquiringAndReleasing) {
            while true { Parker().park() }
        }
        switch outcome {
        case .signalled(let number):
            flushOutput(until: .now + .milliseconds(50))
            roost_say_last_words()
            roost_end_by_signal(number)
        case .exited(let status):
            roost_say_last_words()
            onExit.withLock { $0 }?()
            exit(status)
        }
    }

    /// The same for a program that exits by itself: false when standard output is full and nobody reads it. One that takes
    /// something but is not flushed within a second has its lock held by a thread, which `exit` copes with.
    static func flushOutputToReader(until deadline: MonotonicTime) -> Bool {
        let isFlushed = Parker()
        let failure = PlatformThread.start(name: "roost-flush") {
            // Not all streams: should it hang, the lock of their list would keep `exit` from its end as well.
            roost_flush_standard_output()
            isFlushed.unpark()
        }
        guard failure == nil else { return true }
        let begun = MonotonicTime.now
        while !isFlushed.park(until: min(deadline, .now + .milliseconds(50))) {
            var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            let takesSomething = poll(&entry, 1, 0) != 0
            if takesSomething, .now - begun > .seconds(1) { return true }
            if .now >= deadline { return takesSomething }
        }
        return true
    }

    /// What was printed should be seen. A thread may hold a stream's lock for ever, or nobody may read: this waits until
    /// `deadline` at most.
    static func flushOutput(until deadline: MonotonicTime) {
        let parker = Parker()
        let started = PlatformThread.start(name: "roost-flush") {
            fflush(nil)
            parker.unpark()
        }
        if started == nil { parker.park(until: deadline) }
    }
}

/// Waits for a set of things with a deadline, looking up every tenth of a second.
final class ShutdownWait: Sendable {
    enum Thing: Hashable {
        /// Whoever asks the workers to stop is through with it.
        case asking
        /// The main body has returned.
        case main
        /// A scope is drained, a pool done, a thread idle.
        case identified(ObjectIdentifier)

        static func object(_ object: AnyObject) -> Thing { .identified(ObjectIdentifier(object)) }
    }

    private static let tick = Duration.milliseconds(100)

    private let open = Locked<Set<Thing>>([])
    private let parker = Parker()

    /// The result is to be called when it has happened.
    @discardableResult
    func expect(_ thing: Thing) -> @Sendable () -> Void {
        open.withLock { _ = $0.insert(thing) }
        return { [self] in done(thing) }
    }

    func isOpen(_ thing: Thing) -> Bool { open.withLock { $0.contains(thing) } }

    func done(_ thing: Thing) {
        let isEmpty = open.withLock { open in
            open.remove(thing)
            return open.isEmpty
        }
        if isEmpty { parker.unpark() }
    }

    /// Returns when nothing is open, or at the deadline, which moves while the process is stopped. `look` is called at
    /// every tick.
    func until(_ deadline: inout BudgetDeadline, look: (MonotonicTime) -> Void) {
        var next = MonotonicTime.now
        while !open.withLock({ $0.isEmpty }), !deadline.isOver(at: .now) {
            if next <= .now {
                look(deadline.time)
                next = .now + Self.tick
            }
            parker.park(oneStepOf: deadline, until: next)
        }
    }
}
