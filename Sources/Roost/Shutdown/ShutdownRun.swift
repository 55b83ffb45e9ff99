import CRoostPlatform
import Glibc

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
        var (late, scopes) = stopWork(cause, main: main, deadline: deadline)
        let stacks = LateStacks(shutdown.stackSource, of: late, within: budget.report / 2)
        if !late.isEmpty { shutdown.emit(.abandoned(late)) }
        phases.enter(.finalizing, after: askedFor)
        var finalizers = runFinalizers(stragglers: late.count)
        phases.enter(.reporting, after: askedFor)
        let isHanging = finalizers.contains(where: \.isAbandoned)
        shutdown.advance { machine in
            if isHanging { machine.abandonedFinalizer() }
            machine.beginReporting()
        }
        stacks.fill(&late, &finalizers)
        HeldFailures.report(of: shutdown.root, within: min(.milliseconds(50), budget.report / 2))
        var report = makeReport(late, finalizers, scopes)
        report.openWindows = shutdown.openWindows(within: patience(budget))
        report.survivors = shutdown.root.survivors.current
        report.phases = phases.reports(until: report.duration)
        writeReport(report)
        shutdown.emit(.ended(report))
        shutdown.runLast(until: .now + patience(budget))
        end(report, isLate: !late.isEmpty || isHanging)
    }

    /// For one step of the report. A slow disk, log or main thread has more time when there is some: nobody pays for it but who needs it.
    private func patience(_ budget: ShutdownBudget) -> Duration {
        let left = max(.zero, budget.total - askedFor)
        return max(min(.milliseconds(25), budget.report / 4), min(.milliseconds(200), left / 4))
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
            wait.begin(on: roost_thread_id())
            root.node.stop(cause.stopReason)
            for pool in pools { _ = pool.clear(cause.stopReason) }
            wait.done(.asking)
        }
        SystemTime.shared.runOnThread(named: "roost-stop", or: .timers, ask)
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
        // Who needs no longer than this needs no stack.
        if tick == 2 { prepareStacks(Set(stragglers(scopes, pools, main).compactMap(\.kernelThread))) }
        // Each preparation is kept in memory: often in the first second, then every five.
        if tick < 10 || tick % 50 == 0 { prepareReport(stragglers(scopes, pools, main)) }
        tick += 1
    }

    /// Reading symbols for the first time takes longer than the report may.
    private func prepareStacks(_ threads: Set<Int32>) {
        guard let source = shutdown.stackSource else { return }
        _ = PlatformThread.start(name: "roost-stacks") { source.prepare(threads) }
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
        var run = FinalizerRun(
            deadline: deadline, request: request, onBegin: { shutdown.emit(.finalizing($0)) },
            onSlow: { prepareStacks([$0]) })
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
        ProcessExit.prepare { [self] in watchExit(report) }
        shutdown.outcome.resolve(report.outcome)
        // With a main body the main thread leaves its loop now and ends the process; a toolkit's loop is ended by whoever
        // listens to `.ended`. One that does neither within the report's share of the budget is not waited for longer.
        let budget = shutdown.facts.machine.budget
        let left = (budget?.total ?? .zero) - askedFor
        Parker().park(until: .now + min(max(budget?.report ?? .zero, .milliseconds(100)), left))
        ProcessExit.end(report.outcome)
    }

    /// What comes after the report, on the thread that exits: should it hang, it is said who it was.
    private func watchExit(_ report: ShutdownReport) {
        let begun = MonotonicTime.now
        let words: @Sendable (ThreadHold?) -> Void = { [shutdown, request] hold in
            var last = report
            last.outcome = .exited(ProcessOutcome.pastBudgetStatus)
            last.exitHold = hold
            last.finalizers.append(
                FinalizerReport(
                    name: "exit", duration: .now - begun, outcome: "abandoned: a handler of atexit did not return",
                    beganAfter: begun - request))
            shutdown.prepareLastWords(last.description + "\n", file: last.json)
        }
        words(nil)
        let machine = shutdown.facts.machine
        guard let source = shutdown.stackSource, let askedAt = machine.askedAt, let budget = machine.budget else {
            return
        }
        ExitWatch(source: source, thread: roost_thread_id(), deadline: askedAt + budget.total, prepare: words).start()
    }
}
