import CRoostProcess
import Glibc
import Roost

// Lock order and invariants of a process pool
// 1. `state`'s lock guards `State`, the `var`s of every job, and `definedTypes` of every worker. Below it only a worker's own
//    state is locked, and the shared page is written. Endings, updates, decoding and signals come after it.
// 2. A job that is offered has a slot of its worker, and only that job is spoken of by it, until the slot is freed or skipped.
// 3. What a worker may take is decided by its shared page: the app's revoke and the worker's take exclude each other. A task
//    whose slot says `taken` has begun, any other has not.

/// The inside of a process pool.
final class ProcessPoolCore: Sendable {
    let name: String
    /// No other pool of this process has had it: an address comes again, and what ends the strays of a pool that is gone may come late.
    let serial: UInt64
    private static let lastSerial = Locked<UInt64>(0)
    let configuration: ProcessPool.Configuration
    let output: OutputQueue
    /// The frame that sets a worker up: the setup's type and encoding, or nothing.
    let setup: [UInt8]
    let executablePath: String
    let groups: ControlGroups?

    struct State {
        var machine: PoolStateMachine<Job>
        var workers: [Int: WorkerProcess] = [:]
        /// The numbers of task types, and what is known of them.
        var typeNumbers: [TaskType: Int] = [:]
        var types: [TaskType] = []
        var knownTypes: Set<Int> = []
        var refusedTypes: [Int: ProcessPoolError] = [:]
        /// The jobs that wait until it is known whether workers have their type.
        var waiting: [Int: [(job: Job, worker: WorkerProcess, slot: Int)]] = [:]
        var definedTypes: [Int: Set<Int>] = [:]
        var lastJob: UInt64 = 0
        /// The one that said hello last: all run the same file.
        var worker: WorkerIdentity?
        var failure: ProcessPoolError?
        var failedAt: MonotonicTime?
        var isTicking = false
        var quietTicks = 0
        var shrinkTimer: TimerRegistration?
        var gone = Waiters()
        var deaths = 0
    }
    let state: Locked<State>

    init(
        _ configuration: ProcessPool.Configuration, setup: [UInt8], executablePath: String, groups: ControlGroups?
    ) {
        self.groups = groups
        serial = Self.lastSerial.withLock { last in
            last += 1
            return last
        }
        name = configuration.name
        self.configuration = configuration
        self.setup = setup
        self.executablePath = executablePath
        output = OutputQueue(configuration.onOutput)
        state = Locked(
            State(
                machine: PoolStateMachine(
                    PoolStateMachine.Settings(
                        minimum: max(0, configuration.workers.lowerBound),
                        maximum: max(1, configuration.workers.upperBound),
                        spares: configuration.keepsSpare ? 1 : 0, tasksPerWorker: configuration.tasksPerWorker))))
    }

    func begin() { decide { $0.machine.begin() } }

    // MARK: Deciding and acting

    /// Asks the machine, notes what it decided, and then does it.
    func decide(_ body: (inout State) -> [PoolStateMachine<Job>.Action]) {
        let actions = state.withLock { state in
            let actions = body(&state)
            Self.note(actions, &state)
            return actions
        }
        act(actions)
    }

    private static func note(_ actions: [PoolStateMachine<Job>.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .offer(let job, let number, let slot):
                if let worker = state.workers[number] { job.place = .offered(worker: worker, slot: slot) }
            case .fail(let job): job.place = .over
            case .start, .dismiss: break
            }
        }
    }

    private func act(_ actions: [PoolStateMachine<Job>.Action]) {
        for action in actions {
            switch action {
            case .offer(let job, let number, let slot): offer(job, to: number, slot)
            case .start(let number): start(number)
            case .dismiss(let number):
                if let worker = state.withLock({ $0.workers[number] }) { end(worker, .dismissed) }
            case .fail(let job): refuse(job)
            }
        }
    }

    private func refuse(_ job: Job) {
        let error = state.withLock { $0.machine.isClosed ? nil : $0.failure } ?? closedError
        fail(job, error)
    }

    /// Ends a job that no worker runs. It begins first: an ending of its own is for what has begun.
    private func fail(_ job: Job, _ error: any Error) {
        if begin(job) {
            for element in job.firstElement..<job.count { job.failed(element, error) }
        }
        job.ended()
    }

    private func begin(_ job: Job) -> Bool {
        let hasBegun = state.withLock { _ in
            defer { job.hasBegun = true }
            return job.hasBegun
        }
        return hasBegun || job.begin()
    }

    var closedError: ProcessPoolError {
        ProcessPoolError(.closed, "pool '\(name)' takes no more tasks: it was closed, or the process is shutting down")
    }

    // MARK: Tasks

    func nextJob() -> UInt64 {
        state.withLock { state in
            state.lastJob += 1
            return state.lastJob
        }
    }

    func enqueue(_ job: Job) {
        let now = MonotonicTime.now
        var mustTick = false
        decide { state in
            job.place = .queued
            // What could not be started may be startable by now; not asked more than once a second.
            if state.machine.isBroken, let failedAt = state.failedAt, now - failedAt > .seconds(1) {
                state.failure = nil
                let begun = state.machine.tryAgain()
                Self.note(begun, &state)
                return begun + state.machine.submit(job, priority: job.level)
            }
            mustTick = !state.isTicking
            state.isTicking = true
            state.quietTicks = 0
            return state.machine.submit(job, priority: job.level)
        }
        if mustTick { Supervisor.shared.addTicker(self) { [weak self] in self?.tick() ?? false } }
    }

    private func offer(_ job: Job, to number: Int, _ slot: Int) {
        guard begin(job) else { return release(job, number, slot) }
        var stopReason: StopReason?
        var refusal: ProcessPoolError?
        var isKnown = false
        let isPaused = job.isPaused
        let worker: WorkerProcess? = state.withLock { state in
            guard case .offered(let worker, slot) = job.place, worker.number == number else { return nil }
            stopReason = job.stopReason
            let type = state.number(of: job.type)
            refusal = state.refusedTypes[type]
            guard stopReason == nil, refusal == nil else { return worker }
            isKnown = state.knownTypes.contains(type)
            guard state.definedTypes[number, default: []].contains(type) || define(type, isKnown, worker, &state) else {
                job.place = .queued
                _ = state.machine.wasRefused(job, priority: job.level, worker: number, slot: slot)
                return nil
            }
            if !isKnown { state.waiting[type, default: []].append((job, worker, slot)) }
            return worker
        }
        guard let worker else { return }
        if let stopReason {
            release(job, number, slot)
            job.stopped(stopReason)
            return job.ended()
        }
        if let refusal {
            release(job, number, slot)
            return fail(job, refusal)
        }
        if isKnown { send(job, to: worker, slot, isPaused: isPaused) }
    }

    /// Tells a worker the number of a type, and asks whether it has it unless that is known. With the lock held, so that no task goes
    /// before it; the ring is memory, and nobody waits for room in it. False when there is none.
    private func define(_ type: Int, _ isKnown: Bool, _ worker: WorkerProcess, _ state: inout State) -> Bool {
        let definition = state.types[type]
        // Every worker is asked until one has answered: the first may be busy for long.
        let isSent = worker.writer.write(
            .define, element: isKnown ? 0 : 1, extra: type, number: definition.contract, Array(definition.name.utf8))
        if isSent { state.definedTypes[worker.number, default: []].insert(type) }
        return isSent
    }

    /// The slot is free again, nothing was sent.
    private func release(_ job: Job, _ number: Int, _ slot: Int) {
        decide { state in
            guard case .offered(let worker, slot) = job.place, worker.number == number else { return [] }
            job.place = .over
            return state.machine.freed(worker: number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
        }
    }

    /// Puts the task into the worker's ring. The slot is offered first: whoever reads the frame finds it so.
    private func send(_ job: Job, to worker: WorkerProcess, _ slot: Int, isPaused: Bool) {
        let payload = state.withLock { _ in job.payload }
        do { try worker.port.lend(payload) } catch {
            release(job, worker.number, slot)
            return fail(
                job,
                ProcessPoolError(
                    .systemLimit, "the bytes of task '\(job.taskName)' could not be sent to a worker", underlying: error
                ))
        }
        let (isOffered, type, attempt) = state.withLock { state -> (Bool, Int, Int) in
            guard case .offered(let owner, slot) = job.place, owner === worker, job.stopReason == nil else {
                return (false, 0, 0)
            }
            roost_slot_offer(
                roost_control_slot(worker.control, Int32(slot)), isPaused ? UInt32(ROOST_FLAG_PAUSE) : 0,
                job.limits.output.map { UInt64($0) } ?? .max,
                job.limits.time != nil || job.limits.cpuTime != nil ? 1 : 0)
            return (true, state.number(of: job.type), job.crashes.count)
        }
        let isSent =
            isOffered
            && worker.writer.write(
                .task, flags: payload.flags, slot: slot, element: job.count - job.firstElement,
                extra: type | attempt << 16,
                number: job.id, payload.bytes)
        guard !isSent else { return }
        for storage in payload.storages { if let lease = storage.lease { worker.port.returned(lease.arena.id) } }
        guard isOffered else {
            // Stopped meanwhile, or the worker has died and its end has seen to the job.
            guard let reason = state.withLock({ _ in job.stopReason }) else { return }
            let isMine = state.withLock { _ in
                if case .offered(let owner, slot) = job.place { owner === worker } else { false }
            }
            guard isMine else { return }
            release(job, worker.number, slot)
            job.stopped(reason)
            return job.ended()
        }
        decide { state in
            roost_slot_clear(roost_control_slot(worker.control, Int32(slot)))
            guard case .offered(let owner, slot) = job.place, owner === worker else {
                // Taken back meanwhile: no frame tells the worker to skip it.
                let isTakenBack = state.machine.workers[worker.number]?.revoked.contains(slot) ?? false
                guard isTakenBack else { return [] }
                return state.machine.freed(
                    worker: worker.number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
            }
            job.place = .queued
            return state.machine.wasRefused(job, priority: job.level, worker: worker.number, slot: slot)
        }
    }

    // MARK: What workers send

    func received(_ header: roost_frame, _ bytes: UnsafeRawBufferPointer, from worker: WorkerProcess) {
        switch FrameKind(rawValue: header.kind) {
        case .result, .failure: finished(header, bytes, worker)
        case .update: job(header, worker)?.updated(bytes)
        case .skipped:
            decide { state in
                roost_slot_clear(roost_control_slot(worker.control, Int32(header.slot)))
                return state.machine.freed(
                    worker: worker.number, slot: Int(header.slot), time: nil, now: MonotonicTime.now.nanoseconds)
            }
        case .hello: greeted(bytes, worker)
        case .answer: answered(Int(header.extra), bytes, worker)
        case .workerArena: worker.port.hear(ArenaNews(number: header.number, extra: header.extra))
        default: end(worker, .broken(.broken("a kind \(header.kind) that there is not")))
        }
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

    /// The outputs of some elements of a chunk, one behind the other.
    func received(
        run header: roost_frame, done: Int, isLast: Bool, _ outputs: UnsafeRawBufferPointer, from worker: WorkerProcess
    ) {
        guard done <= Int(header.extra) else { return end(worker, .broken(.broken("more results than there is room"))) }
        guard done > 0 || isLast else { return }
        guard let arrival = arrived(header, done, isLast: isLast, worker) else { return }
        let first = arrival.job.firstElement + Int(header.element)
        let flags = FrameFlags(rawValue: header.flags)
        arrival.job.received(first..<first + done, flags, outputs, worker.port)
        if isLast { ended(arrival.job, worker) }
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
                first == before?.delivered ?? 0
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
            let time = now - roost_slot_began(page)
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
            state.hasGreeted = true
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
        let answer =
            (try? TaskCoding.decodePlainly(TypeAnswer.self, from: bytes))
            ?? TypeAnswer(
                verdict: .different, detail: "its answer cannot be read", executable: executablePath, build: "unknown")
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
                release(entry.job, entry.worker.number, entry.slot)
                fail(entry.job, refusal)
            } else {
                send(entry.job, to: entry.worker, entry.slot, isPaused: entry.job.isPaused)
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

    // MARK: Failures of the pool itself

    /// No worker can be had: what waits fails, with the reason.
    func giveUp(_ error: ProcessPoolError) {
        decide { state in
            state.failure = error
            state.failedAt = .now
            return state.machine.giveUp()
        }
    }
}

extension ProcessPoolCore.State {
    /// True when the job waited for an answer about its type; it does not any more.
    mutating func stopsWaiting(_ job: Job) -> Bool {
        for (type, entries) in waiting {
            guard let index = entries.firstIndex(where: { $0.job === job }) else { continue }
            waiting[type]?.remove(at: index)
            return true
        }
        return false
    }

    mutating func number(of type: TaskType) -> Int {
        if let number = typeNumbers[type] { return number }
        types.append(type)
        typeNumbers[type] = types.count - 1
        return types.count - 1
    }
}
