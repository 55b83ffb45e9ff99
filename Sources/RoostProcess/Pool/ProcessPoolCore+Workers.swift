import CRoostProcess
import Glibc
import Roost
import RoostCrashReport

extension ProcessPoolCore {
    // MARK: Starting

    func start(_ number: Int) {
        do {
            try Supervisor.shared.run { [self] in startNow(number) }
        } catch {
            couldNotStart(number, error)
        }
    }

    /// On the supervisor's thread.
    private func startNow(_ number: Int) {
        guard state.withLock({ $0.machine.workers[number] != nil && !$0.machine.isClosed }) else { return }
        do {
            try Guardian.shared.prepare()
            let worker = try WorkerProcess(number: number, pool: self)
            // Known before it can say anything; not once the pool is closed: whoever closes it has not seen this one.
            let isWanted = state.withLock { state in
                guard state.machine.workers[number] != nil, !state.machine.isClosed else { return false }
                state.workers[number] = worker
                return true
            }
            guard isWanted else { return worker.discard() }
            try worker.start(program(number), setup: setup)
            // Whoever ended it while it had no process yet could not reach it.
            if worker.state.withLock({ $0.verdict != nil }) { worker.signal(SIGKILL) }
            // After the worker, which somebody waits for. A worker without a guardian must not stay.
            do { try Guardian.shared.ensureStarted() } catch {
                giveUp(asPoolError(error))
                end(worker, .dismissed)
            }
            _ = SystemTime.shared.schedule(after: configuration.startTimeout) { [weak self, weak worker] in
                guard let self, let worker, !worker.state.withLock({ $0.hasGreeted || $0.isReaped }) else { return }
                end(worker, .silent)
            }
        } catch {
            couldNotStart(number, error)
        }
    }

    /// What this worker and all that it starts have in their environment.
    static func mark(_ number: Int, _ pool: ProcessPoolCore) -> String {
        Guardian.shared.mark + "\(pool.serial).\(number)."
    }

    private static let noBacktracer =
        access("/bin/true", X_OK) == 0 ? "enable=yes,interactive=no,color=no,swift-backtrace=/bin/true" : "enable=no"

    private func program(_ number: Int) -> SpawnedProgram {
        var changes = configuration.environment
        changes[String(cString: roost_mark_variable())] = Self.mark(number, self)
        changes[String(cString: roost_role_variable())] = "3,4,\(getpid())"
        // Its stacks are written by a handler of our own. Without a backtracer the runtime would print one itself, of addresses.
        changes["SWIFT_BACKTRACE"] = Self.noBacktracer
        return SpawnedProgram(
            path: executablePath,
            arguments: [configuration.executable == .same ? ExecutableIdentity.path : executablePath],
            environment: SpawnedProgram.environment(adding: changes), folder: configuration.workingDirectory,
            descriptors: [], hasOwnSession: false, diesWithThread: true)
    }

    private func couldNotStart(_ number: Int, _ error: any Error) {
        let failure = asPoolError(error)
        var waiters: [@Sendable () -> Void] = []
        decide { state in
            _ = state.machine.died(number, wasAsked: true)
            state.workers[number] = nil
            if state.workers.isEmpty { waiters = state.gone.takeAll() }
            // With others alive the tasks are theirs.
            return state.machine.living == 0 ? state.giveUp(failure) : []
        }
        for wake in waiters { wake() }
    }

    private func asPoolError(_ error: any Error) -> ProcessPoolError {
        error as? ProcessPoolError
            ?? ProcessPoolError(
                .systemLimit,
                "pool '\(name)' could not start a worker: look at the limits of processes, open files, memory and sizes of files (ulimit -u, -n, -v, -f)",
                underlying: error)
    }

    // MARK: Ending

    /// Ends a worker for a reason of the pool's. What it had not begun goes to others.
    ///
    /// - Parameter job: With it, only if that one still runs there.
    func end(
        _ worker: WorkerProcess, _ verdict: WorkerProcess.Verdict, with signal: Int32 = SIGKILL,
        ifRunning job: Job? = nil
    ) {
        var isEnding = true
        decide { state in
            if let job {
                guard case .offered(let owner, let slot) = job.place, owner === worker, worker.hasTaken(slot) else {
                    isEnding = false
                    return []
                }
            }
            // Another one is not started for it before its death has said whether there is any use in that. One that says hello now may stay.
            if case .silent = verdict {
                isEnding = state.machine.workers[worker.number]?.phase == .starting
                guard isEnding else { return [] }
                state.machine.doom(worker.number)
                worker.state.withLock { if $0.verdict == nil { $0.verdict = verdict } }
                return []
            }
            let actions = state.machine.retire(worker.number).filter { if case .dismiss = $0 { false } else { true } }
            let others = takeBack(worker, &state)
            // A worker runs one at a time: if it has taken another one by now, that task is over and its result on the way. Nothing more can
            // be taken: it was taken back, and is offered no more.
            if let job, case .offered(_, let slot) = job.place, worker.hasTaken(otherThan: slot) {
                isEnding = false
                return actions + others
            }
            state.machine.doom(worker.number)
            worker.state.withLock { if $0.verdict == nil { $0.verdict = verdict } }
            return actions + others
        }
        if isEnding { worker.signal(signal) }
    }

    /// The tasks that the worker has not begun wait again.
    func takeBack(_ worker: WorkerProcess, _ state: inout State) -> [PoolStateMachine<Job>.Action] {
        var actions: [PoolStateMachine<Job>.Action] = []
        for slot in 0..<PoolStateMachine<Job>.slotCount {
            guard roost_slot_revoke(roost_control_slot(worker.control, Int32(slot))) != 0,
                let job = state.machine.wasRevoked(worker: worker.number, slot: slot)
            else { continue }
            worker.port.takeBack(job.payload.storages)
            // It has descriptors that it will never ask for, and holds them open.
            if !job.payload.descriptors.isEmpty { actions += state.machine.retire(worker.number) }
            job.place = .queued
            actions += state.machine.submit(job, priority: job.level, first: true)
        }
        // Those that wait until the worker says whether it knows their type, which it does not while a task runs, were not sent.
        for type in state.waiting.keys.sorted() {
            for entry in state.waiting[type] ?? [] where entry.worker === worker {
                guard state.machine.wasWithheld(entry.job, worker: worker.number, slot: entry.slot) else { continue }
                entry.job.place = .queued
                actions += state.machine.submit(entry.job, priority: entry.job.level, first: true)
            }
            state.waiting[type]?.removeAll { $0.worker === worker }
        }
        return actions
    }

    /// The process is over and everything it sent has been read. On the worker's reading thread.
    func isGone(_ worker: WorkerProcess) {
        let (verdict, hasGreeted) = worker.state.withLock { ($0.verdict, $0.hasGreeted) }
        var victims: [(job: Job, element: Int)] = []
        var stopped: [(job: Job, reason: StopReason)] = []
        let wasAsked = if case .silent? = verdict { false } else { verdict != nil }
        let wasKilled = worker.state.withLock { $0.end?.signal == SIGKILL }
        let failure = hasGreeted ? nil : failureToGreet(worker, verdict)
        decide { state in
            state.deaths += 1
            state.definedTypes[worker.number] = nil
            state.askedTypes[worker.number] = nil
            for type in state.waiting.keys { state.waiting[type]?.removeAll { $0.worker === worker } }
            var others: [Job] = []
            for (slot, job) in state.machine.died(worker.number, wasAsked: wasAsked, wasKilled: wasKilled) {
                if worker.hasTaken(slot) {
                    job.place = .nowhere
                    victims.append((job, Int(roost_slot_element(roost_control_slot(worker.control, Int32(slot))))))
                } else if let reason = job.stopReason {
                    job.place = .over
                    stopped.append((job, reason))
                } else {
                    job.place = .queued
                    others.append(job)
                }
            }
            // Once the executable has served it can do it: this one was late, or ran out of something.
            var actions: [PoolStateMachine<Job>.Action] = []
            if let failure, !state.machine.hasEverBeenReady { actions = state.giveUp(failure) }
            // In front of all others, in the order they were; to workers that are there. Another one is started once the error is out.
            return actions + state.machine.handBack(others.map { ($0, $0.level) })
        }
        for (job, reason) in stopped {
            job.stopped(reason)
            job.ended()
        }
        for victim in victims {
            let delivered = worker.chunk.flatMap { $0.job === victim.job ? $0.delivered : nil } ?? 0
            if delivered > victim.element {
                // Between two elements: nobody is the suspect.
                goOn(with: victim.job, from: victim.job.firstElement + delivered)
            } else {
                // The page cannot name a later one: they run in their order, and have their results in it.
                end(victim.job, element: delivered, worker, verdict)
            }
        }
        decide { state in
            state.workers[worker.number] = nil
            guard !state.machine.isClosed, !state.machine.isBroken else { return [] }
            let actions = state.machine.recover()
            if state.machine.isBroken, state.failure == nil {
                state.failure = ProcessPoolError(
                    .cannotStartWorker,
                    "the workers of pool '\(name)' end before they have done anything: \(how(worker)); \(lastWords(worker))"
                )
                state.failedAt = .now
            }
            return actions
        }
        Strays.end(of: Self.mark(worker.number, self), worker.group)
        let waiters = state.withLock { state in state.workers.isEmpty ? state.gone.takeAll() : [] }
        for wake in waiters { wake() }
    }

    /// What it means that a worker ended before it said hello, if none ever did; nil when it may be tried again.
    private func failureToGreet(_ worker: WorkerProcess, _ verdict: WorkerProcess.Verdict?) -> ProcessPoolError? {
        let isEntryMissing: Bool
        switch verdict {
        case .dismissed, .stop, .limit, .broken: return nil
        case .silent: isEntryMissing = true
        case nil: isEntryMissing = worker.state.withLock { $0.end?.exit != nil }
        }
        guard isEntryMissing else { return nil }
        if worker.control.pointee.has_entered != 0, !setup.isEmpty {
            return ProcessPoolError(
                .setupFailed,
                "the setup of a worker of pool '\(name)' did not come to its end: \(how(worker)); \(lastWords(worker))")
        }
        return ProcessPoolError(
            .noWorkerEntry,
            "the worker executable '\(executablePath)' did not serve tasks: \(how(worker)) before it came to "
                + "WorkerEntry.serveIfWorker(); call that first in main, or make the program a RoostApplication; \(lastWords(worker))"
        )
    }

    private func how(_ worker: WorkerProcess) -> String {
        let (end, verdict) = worker.state.withLock { ($0.end, $0.verdict) }
        if case .silent? = verdict { return "it was ended after \(configuration.startTimeout.short)" }
        if let exit = end?.exit { return "it left with status \(exit)" }
        if let signal = end?.signal { return "it was ended by signal \(signalName(signal))" }
        return "it ended"
    }

    private func lastWords(_ worker: WorkerProcess) -> String {
        let printed = PrintableText.short(worker.printed, limit: 600)
        return printed.isEmpty ? "it printed nothing" : "it printed: \(printed)"
    }

    // MARK: The task of a worker that died

    private func end(_ job: Job, element: Int, _ worker: WorkerProcess, _ verdict: WorkerProcess.Verdict?) {
        let (timer, stopReason, isAgain) = state.withLock { state in
            defer { job.stopTimer = nil }
            return (
                job.stopTimer, job.stopReason,
                job.isRepeatable && earlier(of: job, element).count + 1 < configuration.attempts
            )
        }
        timer?.cancel()
        switch verdict {
        case .stop(let id) where id == job.id: return stopped(job, stopReason ?? .requested(""))
        case .dismissed where state.withLock({ $0.machine.isClosed }):
            return stopped(job, stopReason ?? .requested("the pool was closed"))
        default: break
        }
        let crash = evidence(of: job, element, worker, verdict)
        let suspect = job.firstElement + element
        if isAgain, stopReason == nil, crash.cause.isByItself, let again = job.payload(from: suspect),
            submitAgain(job, from: suspect, again, crashes: crash.earlier + [crash])
        {
            return
        }
        job.crashed(suspect, crash)
        goOn(with: job, from: suspect + 1)
    }

    /// The elements of a chunk from here on have not begun: they go to another worker, unless it was stopped.
    private func goOn(with job: Job, from element: Int) {
        if let rest = job.payload(from: element), submitAgain(job, from: element, rest, crashes: []) { return }
        let stopReason = state.withLock { _ in
            job.place = .over
            return job.stopReason
        }
        for element in element..<max(element, job.count) {
            job.failed(element, StopError(stopReason ?? .requested("")))
        }
        job.ended()
    }

    /// False when it was stopped meanwhile.
    private func submitAgain(_ job: Job, from element: Int, _ payload: Payload, crashes: [TaskCrash]) -> Bool {
        var isStopped = false
        decide { state in
            guard job.stopReason == nil else {
                isStopped = true
                return []
            }
            job.crashes = crashes
            job.firstElement = element
            job.payload = payload
            job.place = .queued
            return state.machine.submit(job, priority: job.level, first: true)
        }
        return !isStopped
    }

    private func stopped(_ job: Job, _ reason: StopReason) {
        state.withLock { _ in job.place = .over }
        job.stopped(reason)
        job.ended()
    }

    private func evidence(
        of job: Job, _ element: Int, _ worker: WorkerProcess, _ verdict: WorkerProcess.Verdict?
    ) -> TaskCrash {
        let (end, peak, baseline) = worker.state.withLock { ($0.end, $0.peak, $0.baseline) }
        var mark = roost_crash_mark()
        let hasMark = roost_control_crash(worker.control, &mark) != 0
        var report = report(of: worker, end, hasMark ? mark : nil)
        // The pool ended it: neither the kernel nor somebody.
        if case .broken(let error)? = verdict, !hasMark {
            report.reason = CrashReason(
                kind: .killed, message: "ended by its pool for what it sent: \(error)", source: .signal)
        }
        var cause: TaskCrash.Cause
        switch verdict {
        case .limit(let id, let limit) where id == job.id: cause = limit
        default: cause = end?.exit.map { .exit($0) } ?? .signal(report.signal?.number ?? end?.signal ?? SIGKILL)
        }
        if case .signal = cause, let limit = job.limits.memory,
            peak - baseline >= limit / 20 * 19 || mark.allocation_failed != 0 || Self.saysThatMemoryIsUsedUp(report)
                || worker.group?.ranOutOfMemory ?? false
        {
            cause = .memoryLimit(limit)
        }
        var slot: UInt32 = 0
        var turn: UInt32 = 0
        var update = [UInt8](repeating: 0, count: Int(ROOST_UPDATE_SIZE))
        let updateSize = Int(roost_control_update(worker.control, &update, &slot, &turn))
        var file = [CChar](repeating: 0, count: 120)
        var line: UInt32 = 0
        let hasSite = roost_control_site(worker.control, &file, &line) > 0
        let page = roost_control_slot(worker.control, Int32(slotIndex(of: job, worker) ?? 0))
        let cpu = hasMark ? .nanoseconds(mark.cpu_ns) : end?.cpuTime ?? .zero
        let before = state.withLock { _ in earlier(of: job, element) }
        let isLastAttempt = before.count + 1 >= configuration.attempts
        return TaskCrash(
            cause: cause, task: job.taskName, input: job.inputDescription(job.firstElement + element),
            process: worker.pid,
            reason: reason(cause, report), report: report,
            ranFor: .nanoseconds(
                min(hasMark ? mark.ns : .max, MonotonicTime.now.nanoseconds).elapsed(since: roost_slot_began(page))),
            cpuTime: max(.zero, cpu - .nanoseconds(roost_slot_cpu(page))),
            peakMemory: Self.peak(end, sampled: max(peak, baseline)),
            lastUpdate: updateSize > 0
                ? update.withUnsafeBytes { job.text(ofUpdate: UnsafeRawBufferPointer(rebasing: $0[..<updateSize])) }
                : nil,
            lastCheckpoint: hasSite
                ? CallSite(file: file.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }, line: Int(line))
                : nil,
            output: worker.printed, earlier: before,
            isQuarantined: job.isRepeatable && isLastAttempt && cause.isByItself)
    }

    /// The workers that have died of one of its tasks before. What is out begins with the one that was tried before; those behind it have
    /// not been. With the lock held.
    private func earlier(of job: Job, _ element: Int) -> [TaskCrash] { element == 0 ? job.crashes : [] }

    /// The kernel lets a process begin with the peak of the one that started it: what is not above that says nothing.
    private static func peak(_ end: WorkerProcess.WorkerEnd?, sampled: Int) -> Int {
        var own = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &own)
        guard let peak = end?.peak, peak > own.ru_maxrss * 1024 else { return sampled }
        return max(peak, sampled)
    }

    /// The words of the runtimes of Swift, C++ and Rust, and of GLib, when they get no memory: under a limit that is the limit.
    private static func saysThatMemoryIsUsedUp(_ report: CrashReport) -> Bool {
        ["failed to allocate", "std::bad_alloc", "memory allocation of"].contains(where: report.reason.message.contains)
    }

    private func report(
        of worker: WorkerProcess, _ end: WorkerProcess.WorkerEnd?, _ mark: roost_crash_mark?
    ) -> CrashReport {
        let errors = worker.printedErrors
        return CrashReport(
            CrashEvidence(
                program: executablePath == "/proc/self/exe" ? ExecutableIdentity.path : executablePath,
                process: worker.pid,
                end: end?.exit.map { .exited($0) } ?? .signalled(end?.signal ?? SIGKILL, coreDumped: false),
                signal: mark.map {
                    CrashSignal(
                        number: $0.signal, code: $0.code, faultAddress: CrashAddress(rawValue: $0.address),
                        stackPointer: CrashAddress(rawValue: $0.stack), thread: $0.thread)
                },
                standardError: errors.bytes, standardErrorIsCut: errors.isCut,
                backtrace: backtrace(of: worker, mark), foundAt: Int64(time(nil))))
    }

    private func backtrace(of worker: WorkerProcess, _ mark: roost_crash_mark?) -> CrashEvidence.Backtrace {
        guard configuration.takesBacktraces else { return .missing("the pool takes none") }
        guard mark != nil else { return .missing("it did not crash by a fault of its own") }
        guard let stacks = worker.stacks else { return .missing("it wrote no stacks") }
        let (threads, problem) = CrashSymbols.of(configuration.executable).threads(stacks)
        return .threads(
            threads, omitted: stacks.omitted, isTrapInstruction: stacks.isTrapInstruction, problem: problem)
    }

    private func slotIndex(of job: Job, _ worker: WorkerProcess) -> Int? {
        (0..<PoolStateMachine<Job>.slotCount).first { worker.hasTaken($0) }
    }

    private func reason(_ cause: TaskCrash.Cause, _ report: CrashReport) -> String {
        switch cause {
        case .signal: report.summary
        case .exit(let status): "it left with status \(status), which nobody had asked for"
        case .memoryLimit(let limit): "it used more than its limit of \(limit / 1_048_576) MiB of memory"
        case .timeLimit(let limit): "it ran longer than its limit of \(limit.short)"
        case .cpuTimeLimit(let limit): "it used more than its limit of \(limit.short) of the processor"
        }
    }
}

extension WorkerProcess {
    /// It has begun with the task in that slot.
    func hasTaken(_ slot: Int) -> Bool {
        roost_slot_state(roost_control_slot(control, Int32(slot))) == UInt32(ROOST_SLOT_TAKEN)
    }

    func hasTaken(otherThan slot: Int) -> Bool {
        (0..<PoolStateMachine<Job>.slotCount).contains { $0 != slot && hasTaken($0) }
    }
}
