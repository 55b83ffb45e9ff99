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

    func act(_ actions: [PoolStateMachine<Job>.Action]) {
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
    func fail(_ job: Job, _ error: any Error) {
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
        guard begin(job) else { return release(job, number, slot) ?? [] }
        var next: [PoolStateMachine<Job>.Action] = []
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
                next = state.machine.wasRefused(job, priority: job.level, worker: number, slot: slot)
                job.place = next.isEmpty ? .queued : .over
                return nil
            }
            if !isKnown { state.waiting[type, default: []].append((job, worker, slot)) }
            return worker
        }
        guard let worker else { return next }
        if let stopReason {
            guard let next = release(job, number, slot) else { return [] }
            job.stopped(stopReason)
            job.ended()
            return next
        }
        if let refusal {
            guard let next = release(job, number, slot) else { return [] }
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

    /// The slot is free again, nothing was sent, and the job is whoever asks to end. Nil when it is there no more: the worker has died, and its
    /// death has seen to the job.
    func release(_ job: Job, _ number: Int, _ slot: Int) -> [PoolStateMachine<Job>.Action]? {
        var isMine = false
        let next = decided { state in
            guard case .offered(let worker, slot) = job.place, worker.number == number else { return [] }
            isMine = true
            job.place = .over
            return state.machine.freed(worker: number, slot: slot, time: nil, now: MonotonicTime.now.nanoseconds)
        }
        return isMine ? next : nil
    }

    /// Puts the task into the worker's ring. The slot is offered first: whoever reads the frame finds it so. From the frame on the job is
    /// nobody's to read: it may have ended, or be on its way to another worker.
    func send(_ job: Job, to worker: WorkerProcess, _ slot: Int) -> [PoolStateMachine<Job>.Action] {
        let payload = state.withLock { _ in job.payload }
        if let next = lend(payload, of: job, to: worker, slot) { return next }
        let frame = state.withLock { state -> (extra: Int, elements: Int)? in
            guard case .offered(let owner, slot) = job.place, owner === worker, job.stopReason == nil else {
                return nil
            }
            // One that is about to be killed begins with nothing more.
            guard state.machine.workers[worker.number]?.isDoomed == false else { return nil }
            roost_slot_offer(
                roost_control_slot(worker.control, Int32(slot)), job.isPaused ? UInt32(ROOST_FLAG_PAUSE) : 0,
                job.limits.output.map { UInt64($0) } ?? .max,
                job.limits.time != nil || job.limits.cpuTime != nil ? 1 : 0, files(of: job))
            return (state.number(of: job.type) | job.crashes.count << 16, job.count - job.firstElement)
        }
        guard let frame else {
            worker.port.takeBack(payload.storages)
            return withdraw(job, worker, slot)
        }
        let isSent = worker.writer.write(
            .task, flags: payload.flags, slot: slot, element: frame.elements, extra: frame.extra, number: job.id,
            payload.bytes)
        if isSent { return [] }
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
        guard let next = release(job, worker.number, slot) else { return [] }
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
                if let next = sendElsewhere(job, worker, slot) { return next }
                guard let next = release(job, worker.number, slot) else { return [] }
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

    /// What is to be done next when the worker is on its way out, or dead: that was why, and another one takes the job. Nil for one that stays.
    private func sendElsewhere(
        _ job: Job, _ worker: WorkerProcess, _ slot: Int
    ) -> [PoolStateMachine<Job>.Action]? {
        var isLeaving = true
        let next = decided { state in
            guard case .offered(let owner, slot) = job.place, owner === worker else { return [] }
            isLeaving = state.machine.workers[worker.number]?.phase == .leaving
            guard isLeaving else { return [] }
            job.place = .queued
            let now = MonotonicTime.now.nanoseconds
            return state.machine.freed(worker: worker.number, slot: slot, time: nil, now: now)
                + state.machine.submit(job, priority: job.level, first: true)
        }
        return isLeaving ? next : nil
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

    // MARK: Failures of the pool itself

    /// No worker can be had: what waits fails, with the reason.
    func giveUp(_ error: ProcessPoolError) { decide { $0.giveUp(error) } }
}

extension ProcessPoolCore.State {
    /// In the same turn of the lock as what leads to it: a task that came in between would start another worker.
    mutating func giveUp(_ error: ProcessPoolError) -> [PoolStateMachine<Job>.Action] {
        failure = error
        failedAt = .now
        return machine.giveUp()
    }

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
