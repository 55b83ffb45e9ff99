import CRoostProcess
import Roost

extension ProcessPoolCore {
    // MARK: What workers send

    /// A frame, its header copied out of the shared memory. Whatever is in it may be wrong: the worker is about to crash, or has written
    /// over the ring. What cannot be ends that worker.
    func received(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer, from worker: WorkerProcess) {
        switch FrameKind(rawValue: header.kind) {
        case .result, .failure: finished(header, bytes, worker)
        case .update: job(header, worker)?.updated(bytes)
        case .skipped: skipped(Int(header.slot), worker)
        case .hello: greeted(bytes, worker)
        case .answer: answered(Int(header.extra), bytes, worker)
        case .workerArena: worker.port.hear(ArenaNews(number: header.number, extra: header.extra))
        default: end(worker, .broken(.broken("a kind \(header.kind) that there is not")))
        }
    }

    /// It has come to the frame of a task that had been taken back: only then is there nothing in the slot.
    private func skipped(_ slot: Int, _ worker: WorkerProcess) {
        var isRevoked = false
        decide { state in
            isRevoked = state.machine.workers[worker.number]?.revoked.contains(slot) ?? false
            guard isRevoked else { return [] }
            roost_slot_clear(roost_control_slot(worker.control, Int32(slot)))
            return state.machine.freed(
                worker: worker.number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
        }
        if !isRevoked { end(worker, .broken(.broken("a task was skipped that had not been taken back"))) }
    }

    private func job(_ header: roost_frame, _ worker: WorkerProcess) -> Job? {
        state.withLock { state in
            guard let job = state.machine.job(worker: worker.number, slot: Int(header.slot)), job.id == header.number
            else {
                return nil
            }
            return job
        }
    }

    /// What a job has got from its worker.
    private struct Arrival {
        let job: Job
        let stopReason: StopReason?
        /// The limit on its time, when it was asked to stop because of that.
        let timeLimit: Duration?
    }

    private func finished(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer, _ worker: WorkerProcess) {
        let isLast = FrameFlags(rawValue: header.flags).contains(.last)
        guard let arrival = arrived(header, 1, isLast: isLast, worker) else { return }
        deliver(header, bytes, worker, arrival)
        if isLast { ended(arrival.job, worker) }
    }

    /// The outputs of the last elements of a run, one behind the other.
    func received(run part: RunPart, done: Int, state: UInt32, from worker: WorkerProcess) {
        let header = part.header
        guard done <= Int(header.extra) else { return end(worker, .broken(.broken("more results than there is room"))) }
        guard done > 0 || state == UInt32(ROOST_RUN_LAST) else { return }
        // The worker may have died between the last of its outputs and the end of the run: they are all there.
        let isLast =
            state == UInt32(ROOST_RUN_LAST)
            || state == UInt32(ROOST_RUN_OPEN) && completes(header, done, worker)
        guard let arrival = arrived(header, done, isLast: isLast, worker) else { return }
        let first = arrival.job.firstElement + Int(header.element)
        let flags = FrameFlags(rawValue: header.flags)
        _ = arrival.job.received(first..<first + done, flags, part.outputs, worker.port)
        if isLast { ended(arrival.job, worker) }
    }

    /// Outputs of a run that is not whole yet; how many bytes they take.
    func received(some part: RunPart, _ count: Int, from worker: WorkerProcess) -> Int {
        guard let arrival = arrived(part.header, count, isLast: false, worker) else { return 0 }
        let first = arrival.job.firstElement + Int(part.header.element)
        let flags = FrameFlags(rawValue: part.header.flags)
        defer { arrival.job.giveOut() }
        return arrival.job.received(first..<first + count, flags, part.outputs, worker.port)
    }

    /// Whether a job has all its results with so many more.
    private func completes(_ header: roost_frame, _ done: Int, _ worker: WorkerProcess) -> Bool {
        job(header, worker).map { Int(header.element) + done == $0.count - $0.firstElement } ?? false
    }

    /// Notes that so many elements of a job have their results, which come in their order. Nil, and the worker's end, when that cannot be.
    private func arrived(_ header: roost_frame, _ count: Int, isLast: Bool, _ worker: WorkerProcess) -> Arrival? {
        let slot = Int(header.slot)
        let first = Int(header.element)
        let before = worker.chunk.flatMap { $0.job.id == header.number ? $0 : nil }
        // Some of many: nothing changes but their own results.
        if !isLast, let (job, delivered) = before, delivered == first, first + count < job.count - job.firstElement {
            worker.chunk = (job, first + count)
            return Arrival(job: job, stopReason: state.withLock { _ in job.stopReason }, timeLimit: nil)
        }
        var arrival: Arrival?
        var timer: TimerRegistration?
        decide { state in
            guard let job = state.machine.job(worker: worker.number, slot: slot), job.id == header.number,
                first == before?.delivered ?? 0,
                // A single task is not sent as a chunk, and does not come back as one.
                header.kind != FrameKind.results.rawValue || job.count - job.firstElement > 1
            else { return [] }
            let left = job.count - job.firstElement - first - count
            guard isLast ? left == 0 : left > 0 else { return [] }
            let polite = worker.state.withLock { $0.politeLimit }
            arrival = Arrival(
                job: job, stopReason: job.stopReason, timeLimit: polite.flatMap { $0.job == job.id ? $0.limit : nil })
            guard isLast else {
                worker.chunk = (job, first + count)
                return []
            }
            worker.chunk = nil
            timer = job.stopTimer
            job.stopTimer = nil
            job.place = .over
            let now = MonotonicTime.now.nanoseconds
            let page = roost_control_slot(worker.control, Int32(slot))
            let time = now.elapsed(since: roost_slot_began(page))
            roost_slot_clear(page)
            return state.machine.freed(worker: worker.number, slot: slot, time: time, now: now)
        }
        timer?.cancel()
        if arrival == nil { end(worker, .broken(.broken("a result for a task that it does not have"))) }
        return arrival
    }

    private func ended(_ job: Job, _ worker: WorkerProcess) {
        job.ended()
        if let growth = configuration.growthPerWorker { replaceIfGrown(worker, beyond: growth) }
    }

    /// It has lost what later results may refer to, or has no means left: it gets no more tasks, and those that it has not begun go to
    /// others.
    func replace(_ worker: WorkerProcess) {
        decide { state in
            let actions = state.machine.retire(worker.number) + takeBack(worker, &state)
            // Nothing will come back from it any more.
            let isEmpty = state.machine.workers[worker.number].map { $0.inFlight == 0 && $0.revoked.isEmpty } ?? false
            return isEmpty ? actions + [.dismiss(worker: worker.number)] : actions
        }
    }

    private func deliver(
        _ header: roost_frame, _ bytes: UnsafeRawBufferPointer, _ worker: WorkerProcess, _ arrival: Arrival
    ) {
        let job = arrival.job
        let element = job.firstElement + Int(header.element)
        guard header.kind != FrameKind.result.rawValue else {
            return job.received(element, FrameFlags(rawValue: header.flags), bytes, worker.port)
        }
        let error = TaskOutput.error(bytes, task: job.taskName)
        switch error {
        case is StopError:
            if let limit = arrival.timeLimit { return job.timedOut(limit) }
            job.failed(element, StopError(arrival.stopReason ?? .requested("")))
        case let error as ProcessPoolError where error.code == .systemLimit:
            replace(worker)
            job.failed(element, error)
        case let error as ProcessPoolError where error.code == .inputNotDecodable && job.payload.hasCompany:
            // Nobody knows what of it the worker has taken, and holds.
            replace(worker)
            job.failed(element, naming(error))
        default: job.failed(element, naming(error))
        }
    }

    /// The error, with the programs that it may come from.
    func naming(_ error: any Error) -> any Error {
        (error as? ProcessPoolError)?.naming(state.withLock { $0.worker }) ?? error
    }

    private func greeted(_ bytes: UnsafeRawBufferPointer, _ worker: WorkerProcess) {
        guard let hello = try? TaskCoding.decodePlainly(Hello.self, from: bytes) else {
            return end(worker, .broken(.broken("a greeting that cannot be read")))
        }
        let isFirst = worker.state.withLock { state in
            defer { state.hasGreeted = true }
            return !state.hasGreeted
        }
        guard isFirst else { return end(worker, .broken(.broken("a second greeting"))) }
        var failure: ProcessPoolError?
        if hello.wire != wireVersion {
            failure = ProcessPoolError(
                .protocolBroken,
                "the worker executable '\(hello.executable)' (build \(hello.build)) was built with another version of Roost; build "
                    + "app and worker together")
        } else if let text = hello.setupFailure {
            failure = ProcessPoolError(.setupFailed, "the setup of a worker of pool '\(name)' failed: \(text)")
        }
        if let failure {
            giveUp(failure)
            return end(worker, .dismissed)
        }
        let memory = ProcessMemory(of: worker)
        worker.state.withLock { state in
            state.baseline = memory.own
            state.baselineData = memory.data
        }
        let pid = worker.pid
        if let limit = configuration.limits.memory {
            _ = roost_limit_process(pid, roost_limit_data(), Self.sum(memory.data, limit), 1)
            worker.group?.limitMemory(limit)
        }
        if let limit = configuration.limits.openFiles {
            _ = roost_limit_process(pid, roost_limit_files(), UInt64(max(0, limit)), 0)
        }
        decide { state in
            state.worker = WorkerIdentity(executable: hello.executable, build: hello.build)
            return state.machine.isReady(worker.number, now: MonotonicTime.now.nanoseconds)
        }
    }

    /// Of two numbers, or the largest there is.
    private static func sum(_ one: Int, _ other: Int) -> UInt64 { UInt64(max(0, one)) + UInt64(max(0, other)) }

    /// Whether a type is known: the tasks that waited for it go, or fail.
    private func answered(_ type: Int, _ bytes: UnsafeRawBufferPointer, _ worker: WorkerProcess) {
        let isAsked = state.withLock { $0.askedTypes[worker.number]?.remove(type) != nil }
        guard isAsked else { return end(worker, .broken(.broken("an answer that nobody asked for"))) }
        guard let answer = try? TaskCoding.decodePlainly(TypeAnswer.self, from: bytes) else {
            return end(worker, .broken(.broken("an answer that cannot be read")))
        }
        var waiting: [(job: Job, worker: WorkerProcess, slot: Int)] = []
        state.withLock { state in
            guard state.types.indices.contains(type) else { return }
            waiting = state.waiting.removeValue(forKey: type) ?? []
            if answer.verdict == .known {
                state.knownTypes.insert(type)
            } else {
                state.refusedTypes[type] = unknown(state.types[type], answer)
            }
        }
        for entry in waiting {
            let refusal = state.withLock { $0.refusedTypes[type] }
            if let refusal {
                guard let next = release(entry.job, entry.worker.number, entry.slot) else { continue }
                fail(entry.job, refusal)
                act(next)
            } else {
                act(send(entry.job, to: entry.worker, entry.slot))
            }
        }
    }

    private func unknown(_ type: TaskType, _ answer: TypeAnswer) -> ProcessPoolError {
        let why = answer.verdict == .unknown ? "it is not in there" : answer.detail
        return ProcessPoolError(
            .unknownTask,
            "the worker executable '\(answer.executable)' (build \(answer.build)) cannot run '\(type.title)': \(why). App: '\(ExecutableIdentity.path)' "
                + "(build \(ExecutableIdentity.build)). Link the library with the task into both, and build them together."
        )
    }
}
