import CRoostProcess
import Glibc
import Roost

extension ProcessPoolCore {
    // MARK: Stop

    func stop(_ job: Job, _ reason: StopReason) {
        var mustEnd = false
        var isRunning = false
        decide { state in
            switch job.place {
            case .over: return []
            case .nowhere:
                // Its worker has died, or it has not come yet: whoever sends it on sees the reason.
                if job.stopReason == nil { job.stopReason = reason }
                return []
            case .queued:
                guard state.machine.remove(job, priority: job.level) else { return [] }
                job.place = .over
                mustEnd = true
                return []
            case .offered(let worker, let slot):
                guard job.stopReason == nil else { return [] }
                job.stopReason = reason
                let page = roost_control_slot(worker.control, Int32(slot))
                if roost_slot_revoke(page) != 0 {
                    _ = state.machine.wasRevoked(worker: worker.number, slot: slot)
                    worker.port.takeBack(job.payload.storages)
                    job.place = .over
                    mustEnd = true
                    // It has descriptors that it will never ask for, and holds them open.
                    if !job.payload.descriptors.isEmpty { return state.machine.retire(worker.number) }
                } else if state.stopsWaiting(job) {
                    job.place = .over
                    mustEnd = true
                    return state.machine.freed(
                        worker: worker.number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
                } else {
                    // Not offered yet: whoever is about to do so sees the reason. Taken: it is asked.
                    isRunning = worker.hasTaken(slot)
                }
                return []
            }
        }
        if mustEnd {
            if state.withLock({ _ in job.hasBegun }) { job.stopped(reason) }
            return job.ended()
        }
        if isRunning { takeStep(job, 0) }
    }

    /// One step of ending a task that was asked to stop; the next one follows when it has had its time.
    private func takeStep(_ job: Job, _ index: Int) {
        let steps = configuration.stopSteps
        guard index < steps.count else { return }
        let found: WorkerProcess? = state.withLock { state in
            guard case .offered(let worker, let slot) = job.place, job.stopStep <= index else { return nil }
            job.stopStep = index + 1
            if steps[index].action == .ask {
                roost_slot_ask(roost_control_slot(worker.control, Int32(slot)), UInt32(ROOST_FLAG_STOP), 0)
            }
            return worker
        }
        guard let worker = found else { return }
        switch steps[index].action {
        case .ask: break
        case .terminate: end(worker, .stop(job: job.id), with: SIGTERM, ifRunning: job)
        case .kill: end(worker, .stop(job: job.id), ifRunning: job)
        }
        guard index + 1 < steps.count else { return }
        let timer = SystemTime.shared.schedule(after: steps[index].wait) { [weak self, weak job] in
            if let self, let job { takeStep(job, index + 1) }
        }
        let superfluous = state.withLock { _ -> TimerRegistration? in
            guard case .offered = job.place else { return timer }
            defer { job.stopTimer = timer }
            return job.stopTimer
        }
        superfluous?.cancel()
    }

    /// The budget is over: its process ends now.
    func kill(_ job: Job) {
        let worker: WorkerProcess? = state.withLock { _ in
            guard case .offered(let worker, _) = job.place else { return nil }
            return worker
        }
        if let worker { end(worker, .stop(job: job.id), ifRunning: job) }
    }

    func pauseChanged(_ job: Job) {
        state.withLock { _ in
            guard case .offered(let worker, let slot) = job.place else { return }
            // As it is now, not as it was when somebody called: calls may have overtaken each other.
            let isPaused = job.isPaused
            let flag = UInt32(ROOST_FLAG_PAUSE)
            roost_slot_ask(roost_control_slot(worker.control, Int32(slot)), isPaused ? flag : 0, isPaused ? 0 : flag)
        }
    }

    // MARK: Limits

    /// Looks at every worker that has a task; false when there has been nothing to look at for a second.
    func tick() -> Bool {
        decide { $0.machine.retryFull() }
        let (workers, isOver) = state.withLock { state -> ([(WorkerProcess, [(Int, Job)])], Bool) in
            var busy: [(WorkerProcess, [(Int, Job)])] = []
            for (number, worker) in state.workers {
                guard let jobs = state.machine.workers[number]?.jobs else { continue }
                let present = jobs.enumerated().compactMap { slot, job in job.map { (slot, $0) } }
                if !present.isEmpty { busy.append((worker, present)) }
            }
            state.quietTicks = busy.isEmpty && state.machine.queued == 0 ? state.quietTicks + 1 : 0
            let isOver = state.quietTicks > 50
            if isOver { state.isTicking = false }
            return (busy, isOver)
        }
        for (worker, jobs) in workers { look(worker, jobs) }
        if isOver { armShrink() }
        return !isOver
    }

    private func look(_ worker: WorkerProcess, _ jobs: [(Int, Job)]) {
        var mark = roost_crash_mark()
        if roost_control_crash(worker.control, &mark) != 0,
            MonotonicTime.now.nanoseconds.elapsed(since: mark.ns) > Self.crashPatience.clampedNanoseconds
        {
            // It has crashed, and does not come to an end with writing its stacks.
            worker.signal(SIGKILL)
        }
        let running = jobs.first { worker.hasTaken($0.0) }
        guard let (slot, job) = running else { return lookAtWaiting(worker) }
        let page = roost_control_slot(worker.control, Int32(slot))
        let ran = Duration.nanoseconds(MonotonicTime.now.nanoseconds.elapsed(since: roost_slot_element_began(page)))
        let memory = ProcessMemory(of: worker).own
        let baseline = worker.state.withLock { state in
            state.peak = max(state.peak, memory)
            state.waits = nil
            return state.baseline
        }
        if let limit = job.limits.memory, memory - baseline > limit {
            return end(worker, .limit(job: job.id, .memoryLimit(limit)), ifRunning: job)
        }
        if let limit = job.limits.cpuTime {
            let used = Duration.nanoseconds(roost_process_cpu(worker.pid).elapsed(since: roost_slot_element_cpu(page)))
            if used > limit { return end(worker, .limit(job: job.id, .cpuTimeLimit(limit)), ifRunning: job) }
        }
        if let limit = job.limits.time, ran > limit {
            // Asked first: a task that looks at its flag keeps its process. One of a chunk is not: the flag is all of theirs.
            if job.count == 1, ran < limit + Self.politeness {
                state.withLock { _ in
                    // The slot may be another task's by now.
                    guard case .offered(let owner, slot) = job.place, owner === worker, worker.hasTaken(slot) else {
                        return
                    }
                    worker.state.withLock { $0.politeLimit = (job.id, limit) }
                    roost_slot_ask(page, UInt32(ROOST_FLAG_STOP), 0)
                }
            } else {
                return end(worker, .limit(job: job.id, .timeLimit(limit)), ifRunning: job)
            }
        }
        if job.count > 1 { worker.lookAtRun() }
        if jobs.count > 1, ran > .milliseconds(1) { spread(worker) }
    }

    /// It has tasks and has taken none of them: the one before hangs in something that comes after its result, or the process was
    /// stopped. They go to others.
    private func lookAtWaiting(_ worker: WorkerProcess) {
        let served = state.withLock { $0.machine.workers[worker.number]?.served ?? 0 }
        let now = MonotonicTime.now
        let isStuck = worker.state.withLock { state in
            guard state.hasGreeted else { return false }
            guard let since = state.waits, since.served == served else {
                state.waits = (served, now)
                return false
            }
            return now - since.time > Self.waitingPatience
        }
        if isStuck { end(worker, .dismissed) }
    }

    /// How long a worker that says nothing may leave its tasks waiting.
    static let waitingPatience = Duration.seconds(2)

    /// After a task: a worker whose memory has grown by so much gets no more.
    func replaceIfGrown(_ worker: WorkerProcess, beyond growth: Int) {
        // Asking costs as much as a short task: not after each of them.
        let now = MonotonicTime.now
        let isDue = worker.state.withLock { state in
            guard state.measuredAt.map({ now - $0 > Self.lookInterval }) ?? true else { return false }
            state.measuredAt = now
            return true
        }
        guard isDue, ProcessMemory(of: worker).own - worker.state.withLock({ $0.baseline }) > growth else { return }
        decide { $0.machine.retire(worker.number) }
    }

    private static let lookInterval = Duration.milliseconds(5)

    /// How long a task past its time may take to see that it was asked to stop.
    static let politeness = Duration.milliseconds(100)
    /// How long a crash may take, its stacks included.
    static let crashPatience = Duration.seconds(2)

    /// The tasks behind one that takes long go to workers that have nothing to do.
    private func spread(_ worker: WorkerProcess) {
        decide { state in
            guard state.machine.queued == 0,
                state.machine.workers.count(where: { $0.phase == .ready && $0.inFlight == 0 }) > 0
                    || state.machine.living < state.machine.settings.maximum
            else { return [] }
            return takeBack(worker, &state)
        }
    }

    // MARK: Idle workers

    private func armShrink() {
        guard let timeout = configuration.idleTimeout else { return }
        let timer = SystemTime.shared.schedule(after: timeout) { [weak self] in self?.shrink(timeout) }
        let old = state.withLock { state in
            defer { state.shrinkTimer = timer }
            return state.shrinkTimer
        }
        old?.cancel()
    }

    private func shrink(_ timeout: Duration) {
        let now = MonotonicTime.now
        decide { $0.machine.shrink(idleSince: now.nanoseconds - timeout.clampedNanoseconds) }
    }

    // MARK: Close

    /// Takes no more tasks, ends the workers; `done` is called when all are gone.
    func close(_ done: @escaping @Sendable () -> Void) {
        decide { $0.machine.close() }
        let workers = state.withLock { Array($0.workers.values) }
        for worker in workers { end(worker, .dismissed) }
        let isDone = state.withLock { state in
            state.gone.add(unless: state.workers.isEmpty, done) == Waiters.nobody
        }
        if isDone { done() }
    }
}
