/// Which task goes to which worker, when workers are started and when they go. Does no I/O, takes no lock, knows no process.
///
/// A worker's life: `starting` until it says hello, `ready` while it takes tasks, `leaving` when it gets no more and ends with
/// what it has. A worker that is `dead` is out of here.
struct PoolStateMachine<Job: AnyObject> {
    struct Settings {
        var minimum: Int
        var maximum: Int
        var spares: Int
        var tasksPerWorker: Int?
        /// How many tasks wait in a worker whose tasks are short, the one it runs included.
        var depth = 16
        /// Tasks are short up to here.
        var short: Int64 = 200_000
        /// The pool gives up when workers that died before they had done anything come to so much in a row.
        var mostFailures = 10
        /// What one counts that ended by itself; one that somebody killed counts 1.
        var ownFailure = 3
    }

    enum Action {
        case start(worker: Int)
        case offer(Job, worker: Int, slot: Int)
        /// It gets no more tasks: tell it to go.
        case dismiss(worker: Int)
        /// Nothing can run it.
        case fail(Job)
    }

    enum Phase {
        case starting
        case ready
        case leaving
    }

    struct Worker {
        var phase = Phase.starting
        var jobs: [Job?]
        var inFlight = 0
        var served = 0
        /// A mean of how long its tasks took, in nanoseconds; the newest counts an eighth.
        var meanTime: Int64 = .max
        var isFull = false
        /// It is about to be killed: nothing more may begin there.
        var isDoomed = false
        /// Slots of tasks that were taken back and not yet skipped.
        var revoked: Set<Int> = []
        var idleSince: Int64 = 0

        /// True when nothing is in it any more.
        mutating func free(_ slot: Int, time: Int64?, now: Int64) -> Bool {
            if jobs[slot] != nil {
                jobs[slot] = nil
                inFlight -= 1
            } else {
                revoked.remove(slot)
            }
            isFull = false
            if let time {
                served += 1
                meanTime = meanTime == .max ? time : meanTime + (time - meanTime) / 8
            }
            guard inFlight == 0, revoked.isEmpty else { return false }
            idleSince = now
            return true
        }
    }

    /// The workers by their numbers: so few that looking is quicker than hashing. In the order they were started.
    struct Table {
        private(set) var keys: [Int] = []
        private var entries: [Worker?] = []

        var isEmpty: Bool { keys.isEmpty }
        var values: [Worker] { entries.compactMap { $0 } }

        subscript(id: Int) -> Worker? {
            get { keys.lastIndex(of: id).flatMap { entries[$0] } }
            _modify {
                // In place: a copy of the worker would be one of its tasks, too.
                if let place = keys.lastIndex(of: id) {
                    yield &entries[place]
                } else {
                    var worker: Worker?
                    yield &worker
                    if worker != nil {
                        keys.append(id)
                        entries.append(worker)
                    }
                }
            }
        }

        mutating func remove(_ id: Int) -> Worker? {
            guard let place = keys.lastIndex(of: id) else { return nil }
            keys.remove(at: place)
            return entries.remove(at: place)
        }

        /// How many there are of a kind.
        func count(where isOne: (Worker) -> Bool) -> Int { entries.count { $0.map(isOne) ?? false } }
    }

    static var slotCount: Int { 32 }
    private static var levels: Int { 5 }

    private(set) var settings: Settings
    private(set) var workers = Table()
    /// Those before their `heads` are empty.
    private var queues: [[Job?]] = Array(repeating: [], count: 5)
    private var heads = [0, 0, 0, 0, 0]
    private(set) var queued = 0
    private var lastWorker = 0
    /// Ready and without a task; the last one to have worked is the first to work again.
    private var idle: [Int] = []
    private(set) var failures = 0
    private(set) var isClosed = false
    /// A worker has said hello: the executable is one.
    private(set) var hasEverBeenReady = false
    /// Nothing can be started: tasks fail until somebody tries again.
    private(set) var isBroken = false

    init(_ settings: Settings) {
        self.settings = settings
    }

    var isIdle: Bool { queued == 0 && workers.count { $0.inFlight > 0 } == 0 }
    var living: Int { workers.count { $0.phase != .leaving } }
    private var starting: Int { workers.count { $0.phase == .starting } }

    // MARK: Tasks

    /// A task comes, or comes back. `first`: it was here before.
    mutating func submit(_ job: Job, priority: Int, first: Bool = false) -> [Action] {
        guard !isClosed, !isBroken else { return [.fail(job)] }
        // The short way: nothing waits, and a worker is there.
        if queued == 0, let worker = idle.last, let action = give(job, to: worker) { return [action] + spares() }
        push(job, priority, first: first)
        return schedule()
    }

    /// Tasks that a worker had not begun when it died. Workers that are there take them; none is started for them yet.
    mutating func handBack(_ jobs: [(job: Job, priority: Int)]) -> [Action] {
        guard !isClosed, !isBroken else { return jobs.map { .fail($0.job) } }
        for (job, priority) in jobs.reversed() { push(job, priority, first: true) }
        return handOut() + handOutAhead()
    }

    /// A task that waits was stopped. False when it does not wait here.
    mutating func remove(_ job: Job, priority: Int) -> Bool {
        guard let index = queues[priority][heads[priority]...].firstIndex(where: { $0 === job }) else { return false }
        queues[priority].remove(at: index)
        queued -= 1
        return true
    }

    private mutating func push(_ job: Job, _ priority: Int, first: Bool) {
        queued += 1
        if first {
            if heads[priority] > 0 {
                heads[priority] -= 1
                queues[priority][heads[priority]] = job
            } else {
                queues[priority].insert(job, at: 0)
            }
        } else {
            queues[priority].append(job)
        }
    }

    private mutating func pop() -> Job? {
        for level in stride(from: Self.levels - 1, through: 0, by: -1) where heads[level] < queues[level].count {
            let job = queues[level][heads[level]]
            queues[level][heads[level]] = nil
            heads[level] += 1
            queued -= 1
            if heads[level] == queues[level].count {
                queues[level].removeAll(keepingCapacity: true)
                heads[level] = 0
            } else if heads[level] >= 256, heads[level] * 2 > queues[level].count {
                queues[level].removeFirst(heads[level])
                heads[level] = 0
            }
            return job
        }
        return nil
    }

    /// What waits, in order; taken out.
    private mutating func takeAll() -> [Job] {
        var jobs: [Job] = []
        while let job = pop() { jobs.append(job) }
        return jobs
    }

    /// Puts a task into a worker's next free slot; nil when it has none.
    private mutating func give(_ job: Job, to id: Int) -> Action? {
        guard let worker = workers[id] else { return nil }
        // The worker may still find the frame of a task that was taken back, and takes whatever its slot offers for it.
        let free = worker.jobs.indices.first { worker.jobs[$0] == nil && !worker.revoked.contains($0) }
        guard let slot = free else { return nil }
        workers[id]?.jobs[slot] = job
        workers[id]?.inFlight += 1
        if workers[id]?.inFlight == 1 { idle.removeAll { $0 == id } }
        return .offer(job, worker: id, slot: slot)
    }

    /// Hands out what waits, and starts workers for what is left.
    private mutating func schedule() -> [Action] {
        var actions = handOut()
        // Not while those that are started only die: what is there goes on with the work.
        if queued > starting, failures < settings.mostFailures {
            let more = min(queued - starting, settings.maximum - living)
            for _ in 0..<max(0, more) { actions.append(start()) }
        }
        return actions + handOutAhead() + spares()
    }

    private mutating func handOut() -> [Action] {
        var actions: [Action] = []
        while queued > 0, let id = idle.last {
            guard let job = pop(), let action = give(job, to: id) else { break }
            actions.append(action)
        }
        return actions
    }

    /// No worker is idle: those whose tasks are short get some ahead.
    private mutating func handOutAhead() -> [Action] {
        var actions: [Action] = []
        var isSomebodyLeft = true
        while queued > 0, isSomebodyLeft {
            isSomebodyLeft = false
            for id in workers.keys where queued > 0 && mayGetAhead(id) {
                guard let job = pop(), let action = give(job, to: id) else { break }
                actions.append(action)
                isSomebodyLeft = true
            }
        }
        return actions
    }

    private func mayGetAhead(_ id: Int) -> Bool {
        guard let worker = workers[id], worker.phase == .ready, !worker.isFull else { return false }
        if let most = settings.tasksPerWorker, worker.served + worker.inFlight >= most { return false }
        // Frames of tasks that were taken back lie before the next ones, and count.
        return worker.inFlight > 0 && worker.inFlight + worker.revoked.count < settings.depth
            && worker.meanTime <= settings.short
    }

    /// Starts what the least number and the spare ones ask for.
    private mutating func spares() -> [Action] {
        guard !isClosed, !isBroken else { return [] }
        guard settings.minimum > 0 || settings.spares > 0, failures < settings.mostFailures else { return [] }
        let busy = workers.count { $0.phase == .ready && $0.inFlight > 0 }
        let wanted = min(
            max(settings.minimum, settings.spares > 0 ? busy + settings.spares : 0), settings.maximum + settings.spares)
        guard living < wanted else { return [] }
        return (living..<wanted).map { _ in start() }
    }

    private mutating func start() -> Action {
        lastWorker += 1
        workers[lastWorker] = Worker(jobs: Array(repeating: nil, count: Self.slotCount))
        return .start(worker: lastWorker)
    }

    // MARK: Workers

    /// The pool begins: the least number of workers is started.
    mutating func begin() -> [Action] { spares() }

    mutating func isReady(_ id: Int, now: Int64) -> [Action] {
        guard let worker = workers[id], worker.phase == .starting, !worker.isDoomed else { return [] }
        workers[id]?.phase = .ready
        workers[id]?.idleSince = now
        hasEverBeenReady = true
        idle.append(id)
        return schedule()
    }

    func job(worker: Int, slot: Int) -> Job? {
        guard let jobs = workers[worker]?.jobs, jobs.indices.contains(slot) else { return nil }
        return jobs[slot]
    }

    /// A task has its last result, or was never taken: its slot is free. `time` is what it took, for one that ran.
    mutating func freed(worker id: Int, slot: Int, time: Int64?, now: Int64) -> [Action] {
        guard workers[id] != nil else { return [] }
        let isDone = workers[id]?.free(slot, time: time, now: now) ?? false
        if time != nil { failures = 0 }
        guard isDone else { return schedule() }
        let phase = workers[id]?.phase
        let isWornOut = settings.tasksPerWorker.map { workers[id]?.served ?? 0 >= $0 } ?? false
        if phase == .leaving || isWornOut {
            workers[id]?.phase = .leaving
            idle.removeAll { $0 == id }
            return [.dismiss(worker: id)] + schedule()
        }
        if phase == .ready, !idle.contains(id) { idle.append(id) }
        return schedule()
    }

    /// The worker's ring had no room: the task waits again, and nothing more goes there until something comes back. It fails where nobody
    /// waits any more.
    mutating func wasRefused(_ job: Job, priority: Int, worker id: Int, slot: Int) -> [Action] {
        guard workers[id]?.jobs[slot] === job else { return [] }
        workers[id]?.jobs[slot] = nil
        workers[id]?.inFlight -= 1
        workers[id]?.isFull = true
        guard !isClosed, !isBroken else { return [.fail(job)] }
        push(job, priority, first: true)
        return []
    }

    /// A ring that was full of something else than tasks says nothing when it has room again: those workers are tried once more.
    mutating func retryFull() -> [Action] {
        guard queued > 0 else { return [] }
        for id in workers.keys {
            guard let worker = workers[id], worker.isFull, worker.inFlight == 0, worker.revoked.isEmpty else {
                continue
            }
            workers[id]?.isFull = false
            if worker.phase == .ready, !idle.contains(id) { idle.append(id) }
        }
        return handOut() + handOutAhead()
    }

    /// It is about to be killed.
    mutating func doom(_ id: Int) { workers[id]?.isDoomed = true }

    /// A task that a worker had not begun was taken back. Its slot stays taken until the worker has skipped it.
    mutating func wasRevoked(worker id: Int, slot: Int) -> Job? {
        guard let job = workers[id]?.jobs[slot] else { return nil }
        workers[id]?.jobs[slot] = nil
        workers[id]?.inFlight -= 1
        workers[id]?.revoked.insert(slot)
        return job
    }

    /// A task that was to go to a worker was not sent after all: its slot is free at once, and a worker that has nothing else is idle.
    mutating func wasWithheld(_ job: Job, worker id: Int, slot: Int) -> Bool {
        guard workers[id]?.jobs[slot] === job else { return false }
        workers[id]?.jobs[slot] = nil
        workers[id]?.inFlight -= 1
        if let worker = workers[id], worker.phase == .ready, worker.inFlight == 0, worker.revoked.isEmpty,
            !idle.contains(id)
        {
            idle.append(id)
        }
        return true
    }

    /// It gets nothing more, and goes when it is done.
    mutating func retire(_ id: Int) -> [Action] {
        guard let worker = workers[id], worker.phase != .leaving else { return [] }
        workers[id]?.phase = .leaving
        idle.removeAll { $0 == id }
        return worker.inFlight == 0 && worker.phase == .ready ? [.dismiss(worker: id)] : []
    }

    /// The worker is gone. The tasks it had, by slot, are whoever asks to decide about; the rest goes on by itself.
    mutating func died(_ id: Int, wasAsked: Bool, wasKilled: Bool = false) -> [(slot: Int, job: Job)] {
        guard let worker = workers.remove(id) else { return [] }
        idle.removeAll { $0 == id }
        if !wasAsked, worker.served == 0, worker.phase == .starting || worker.inFlight == 0 {
            failures += wasKilled ? 1 : settings.ownFailure
        }
        return worker.jobs.enumerated().compactMap { slot, job in job.map { (slot, $0) } }
    }

    /// After a death: starts what is needed; gives up when workers only die.
    mutating func recover() -> [Action] {
        guard failures < settings.mostFailures || workers.count(where: { $0.phase == .ready }) > 0 else {
            return giveUp()
        }
        return schedule()
    }

    /// No worker can be started: everything that waits fails.
    mutating func giveUp() -> [Action] {
        isBroken = true
        return takeAll().map { .fail($0) }
    }

    /// Somebody wants to try again after a failure.
    mutating func tryAgain() -> [Action] {
        isBroken = false
        failures = 0
        return spares()
    }

    // MARK: Time, close

    /// Workers beyond the least number that have been idle since before `time`.
    mutating func shrink(idleSince time: Int64) -> [Action] {
        var actions: [Action] = []
        for id in idle where living > max(settings.minimum, settings.spares) {
            guard let worker = workers[id], worker.idleSince <= time else { continue }
            actions += retire(id)
        }
        return actions
    }

    /// When the next worker will have been idle too long; nil for none.
    var oldestIdle: Int64? {
        guard living > max(settings.minimum, settings.spares) else { return nil }
        return idle.compactMap { workers[$0]?.idleSince }.min()
    }

    /// Takes no more tasks; those that wait fail.
    mutating func close() -> [Action] {
        isClosed = true
        return takeAll().map { .fail($0) }
    }
}
