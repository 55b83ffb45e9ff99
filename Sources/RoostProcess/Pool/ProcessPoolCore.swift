import CRoostProcess
import Glibc
import Roost

// Lock order and invariants of a process pool
// 1. `state`'s lock guards `State`, the `var`s of every job, and `definedTypes` of every worker. Below it only a worker's own
//    state and its arena port are locked, and the shared page is written. Endings, updates, decoding and signals come after it.
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
        /// The types that workers were asked for and have not answered.
        var askedTypes: [Int: Set<Int>] = [:]
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
    func decide(_ body: (inout State) -> [PoolStateMachine<Job>.Action]) { act(decided(body)) }

    private func decided(_ body: (inout State) -> [PoolStateMachine<Job>.Action]) -> [PoolStateMachine<Job>.Action] {
        var mustTick = false
        let actions = state.withLock { state in
            let actions = body(&state)
            mustTick = Self.note(actions, &state)
            return actions
        }
        // Whatever runs is looked at, however long it has waited.
        if mustTick { Supervisor.shared.addTicker(self) { [weak self] in self?.tick() ?? false } }
        return actions
    }

    /// True when tasks are to be looked at from now on.
    private static func note(_ actions: [PoolStateMachine<Job>.Action], _ state: inout State) -> Bool {
        var isBusy = false
        for action in actions {
            switch action {
            case .offer(let job, let number, let slot):
                if let worker = state.workers[number] { job.place = .offered(worker: worker, slot: slot) }
                isBusy = true
            case .fail(let job): job.place = .over
            case .start, .dismiss: break
            }
        }
        guard isBusy else { return false }
        state.quietTicks = 0
        defer { state.isTicking = true }
        return !state.isTicking
    }

    private func act(_ actions: [PoolStateMachine<Job>.Action]) {
        // One after the other: an offer that comes to nothing makes room for the next one, and there may be any number of them.
        var actions = actions
        var next = 0
        while next < actions.count {
            defer { next += 1 }
            switch actions[next] {
            case .offer(let job, let number, let slot): actions += offer(job, to: number, slot)
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
        var stopReason: StopReason?
        decide { state in
            // Whoever stopped it came first.
            if job.stopReason != nil {
                stopReason = job.stopReason
                job.place = .over
                return []
            }
            job.place = .queued
            // What could not be started may be startable by now; not asked more than once a second.
            if state.machine.isBroken, let failedAt = state.failedAt, now - failedAt > .seconds(1) {
                state.failure = nil
                return state.machine.tryAgain() + state.machine.submit(job, priority: job.level)
            }
            return state.machine.submit(job, priority: job.level)
        }
        guard let stopReason else { return }
        if state.withLock({ _ in job.hasBegun }) { job.stopped(stopReason) }
        job.ended()
    }

    /// What is to be done next, if nothing came of it.
    private func offer(_ job: Job, to number: Int, _ slot: Int) -> [PoolStateMachine<Job>.Action] {
        guard begin(job) else { return release(job, number, slot) }
        var stopReason: StopReason?
        var refusal: ProcessPoolError?
        var isKnown = false
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
        guard let worker else { return [] }
        if let stopReason {
            let next = release(job, number, slot)
            job.stopped(stopReason)
            job.ended()
            return next
        }
        if let refusal {
            let next = release(job, number, slot)
            fail(job, refusal)
            return next
        }
        return isKnown ? send(job, to: worker, slot) : []
    }

    /// Tells a worker the number of a type, and asks whether it has it unless that is known. With the lock held, so that no task goes
    /// before it; the ring is memory, and nobody waits for room in it. False when there is none.
    private func define(_ type: Int, _ isKnown: Bool, _ worker: WorkerProcess, _ state: inout State) -> Bool {
        let definition = state.types[type]
        // Every worker is asked until one has answered: the first may be busy for long.
        let isSent = worker.writer.write(
            .define, element: isKnown ? 0 : 1, extra: type, number: definition.contract, Array(definition.name.utf8))
        guard isSent else { return false }
        state.definedTypes[worker.number, default: []].insert(type)
        if !isKnown { state.askedTypes[worker.number, default: []].insert(type) }
        return true
    }

    /// The slot is free again, nothing was sent.
    private func release(_ job: Job, _ number: Int, _ slot: Int) -> [PoolStateMachine<Job>.Action] {
        decided { state in
            guard case .offered(let worker, slot) = job.place, worker.number == number else { return [] }
            job.place = .over
            return state.machine.freed(worker: number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
        }
    }

    /// Puts the task into the worker's ring. The slot is offered first: whoever reads the frame finds it so.
    private func send(_ job: Job, to worker: WorkerProcess, _ slot: Int) -> [PoolStateMachine<Job>.Action] {
        let payload = state.withLock { _ in job.payload }
        if let next = lend(payload, of: job, to: worker, slot) { return next }
        let (isOffered, type, attempt) = state.withLock { state -> (Bool, Int, Int) in
            guard case .offered(let owner, slot) = job.place, owner === worker, job.stopReason == nil else {
                return (false, 0, 0)
            }
            // One that is about to be killed begins with nothing more.
            guard state.machine.workers[worker.number]?.isDoomed == false else { return (false, 0, 0) }
            roost_slot_offer(
                roost_control_slot(worker.control, Int32(slot)), job.isPaused ? UInt32(ROOST_FLAG_PAUSE) : 0,
                job.limits.output.map { UInt64($0) } ?? .max,
                job.limits.time != nil || job.limits.cpuTime != nil ? 1 : 0, files(of: job))
            return (true, state.number(of: job.type), job.crashes.count)
        }
        let isSent =
            isOffered
            && worker.writer.write(
                .task, flags: payload.flags, slot: slot, element: job.count - job.firstElement,
                extra: type | attempt << 16,
                number: job.id, payload.bytes)
        guard !isSent else { return [] }
        guard isOffered else {
            worker.port.takeBack(payload.storages)
            return withdraw(job, worker, slot)
        }
        return decided { state in
            roost_slot_clear(roost_control_slot(worker.control, Int32(slot)))
            guard case .offered(let owner, slot) = job.place, owner === worker else {
                // Taken back meanwhile, with what was lent for it: no frame tells the worker to skip it.
                let isTakenBack = state.machine.workers[worker.number]?.revoked.contains(slot) ?? false
                guard isTakenBack else { return [] }
                return state.machine.freed(
                    worker: worker.number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
            }
            worker.port.takeBack(payload.storages)
            job.place = .queued
            return state.machine.wasRefused(job, priority: job.level, worker: worker.number, slot: slot)
        }
    }

    /// How many files a task may have open and one, if that is not the pool's limit; else 0.
    private func files(of job: Job) -> UInt32 {
        guard let most = job.limits.openFiles, most != configuration.limits.openFiles else { return 0 }
        return UInt32(min(max(0, most), Int(Int32.max))) + 1
    }

    /// It was not offered: it was stopped meanwhile, or the worker is doomed, or it has died and its end has seen to the job.
    private func withdraw(_ job: Job, _ worker: WorkerProcess, _ slot: Int) -> [PoolStateMachine<Job>.Action] {
        guard let reason = state.withLock({ _ in job.stopReason }) else {
            return decided { state in
                guard case .offered(let owner, slot) = job.place, owner === worker,
                    state.machine.wasWithheld(job, worker: worker.number, slot: slot)
                else { return [] }
                job.place = .queued
                return state.machine.submit(job, priority: job.level, first: true)
            }
        }
        let isMine = state.withLock { _ in
            if case .offered(let owner, slot) = job.place { owner === worker } else { false }
        }
        guard isMine else { return [] }
        let next = release(job, worker.number, slot)
        job.stopped(reason)
        job.ended()
        return next
    }

    /// Sends what travels beside a payload. When it could not, what is to be done next: the job waits again, or has its ending.
    private func lend(
        _ payload: Payload, of job: Job, to worker: WorkerProcess, _ slot: Int
    ) -> [PoolStateMachine<Job>.Action]? {
        var patience = Duration.zero
        while true {
            do {
                try worker.port.lend(payload, patience: patience)
                return nil
            } catch is ArenaPort.IsFull where patience == .zero {
                if let next = waitForRoom(job, worker, slot) { return next }
                // The worker has nothing else to do, and makes room as soon as it is told.
                patience = Self.patienceForRoom
            } catch {
                let next = release(job, worker.number, slot)
                let why = error is ArenaPort.IsFull ? "it took no more descriptors" : "the system refused"
                fail(
                    job,
                    ProcessPoolError(
                        .systemLimit, "the bytes of task '\(job.taskName)' could not be sent to a worker: \(why)",
                        underlying: error))
                return next
            }
        }
    }

    /// How long a worker that has nothing to do may take to make room for descriptors.
    private static let patienceForRoom = Duration.seconds(1)

    /// A busy worker takes no more descriptors: the job waits again, until something comes back from that worker. Nil when nothing
    /// will.
    private func waitForRoom(
        _ job: Job, _ worker: WorkerProcess, _ slot: Int
    ) -> [PoolStateMachine<Job>.Action]? {
        var isWithdrawn = false
        var isWaiting = true
        let next = decided { state in
            guard case .offered(let owner, slot) = job.place, owner === worker, job.stopReason == nil else {
                isWithdrawn = true
                return []
            }
            guard let entry = state.machine.workers[worker.number], entry.inFlight > 1 || !entry.revoked.isEmpty else {
                isWaiting = false
                return []
            }
            job.place = .queued
            return state.machine.wasRefused(job, priority: job.level, worker: worker.number, slot: slot)
        }
        if isWithdrawn { return withdraw(job, worker, slot) }
        return isWaiting ? next : nil
    }

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
                let next = release(entry.job, entry.worker.number, entry.slot)
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
