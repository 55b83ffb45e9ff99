/// What a pool's lock guards. Pure bookkeeping: no thread is started, woken or waited for in here.
struct PoolState: ~Copyable {
    /// One for each priority, and the last for work in the place of a reserved thread.
    typealias Rings = InlineArray<6, JobRing>
    static let reservedRing = 5

    // First the counters that every entry reads or writes: with the lock they fill one cache line (see ``PoolMemory``).
    /// Entries that still stand for something.
    var queued = 0
    var active = 0
    /// Bit i: ring i is not empty.
    var occupied: UInt8 = 0
    /// One thread is looking for work and will take what comes next.
    var isSearching = false
    var isRetired = false
    /// No body begins any more: the process is shutting down.
    var isRefusing = false
    /// Threads that exist or are being started, without the abandoned ones.
    var threadCount = 0
    var reserved = 0
    var maximum: Int

    var rings: Rings = InlineArray { _ in JobRing() }
    /// Continuations of bodies that have begun go before everything that has not.
    var swiftJobs = JobRing()
    /// Entries whose worker has ended in the queue.
    var dead = 0
    /// Dead entries that were taken out.
    var graveyard = Graveyard()
    /// Workers with an async body that has begun: on a thread only while they are not suspended.
    var asyncBodies: [ObjectIdentifier: WorkerCore] = [:]

    var threads: [PoolThread] = []
    /// Threads that wait, the most recently used last.
    var idle: [PoolThread] = []
    var lastThreadNumber = 0
    /// While it has no thread, and none was to be had.
    var shortage = ThreadShortage()
    var doneWaiters = Waiters()
    var roomWaiters = Waiters()

    init(maximum: Int) {
        self.maximum = maximum
    }

    /// It takes no new work.
    var isClosed: Bool { isRetired || isRefusing }
    /// Something waits that may run: while the process shuts down nothing begins, and what has begun goes on.
    var hasWork: Bool { swiftJobs.count > 0 || (queued > 0 && !isRefusing) }
    var mayRunMore: Bool { active + reserved < maximum }
    var isDone: Bool { active == 0 && queued == 0 && swiftJobs.count == 0 && asyncBodies.isEmpty }

    /// True when no more may wait: entries for which a place is free only wait for their thread to wake up.
    @inline(__always)
    func isFull(_ capacity: Int?) -> Bool {
        guard let capacity else { return false }
        // Subtracted, not added: both may be as large as an Int can be.
        return queued - max(0, maximum - active - reserved) >= capacity
    }

    // MARK: What to do once the lock is not held

    enum Help {
        case none
        case wake(PoolThread)
        case start
    }

    /// Who comes for newly queued work (invariant 3 of the pool).
    @inline(__always)
    mutating func help() -> Help {
        guard !isSearching, mayRunMore else { return .none }
        if let thread = idle.popLast() { return .wake(thread) }
        guard threadCount < maximum, !shortage.isFresh else { return .none }
        threadCount += 1
        return .start
    }

    @inline(__always)
    mutating func helpIfNeeded() -> Help {
        hasWork ? help() : .none
    }

    /// Abandons a thread, whose place is free from here on.
    mutating func leaveBehind(_ thread: PoolThread) -> Help {
        thread.isAbandoned = true
        active -= 1
        threadCount -= 1
        return helpIfNeeded()
    }

    /// Who waits for room or for the end of all work, when there is reason to wake them.
    mutating func takeWakes(_ capacity: Int?) -> [@Sendable () -> Void] {
        (isFull(capacity) ? [] : roomWaiters.takeAll()) + (isDone ? doneWaiters.takeAll() : [])
    }

    // MARK: The queue

    @inline(__always)
    mutating func push(_ job: consuming PoolJob, priority: WorkerPriority) {
        push(job, ring: Int(priority.rawValue))
    }

    @inline(__always)
    mutating func push(_ job: consuming PoolJob, ring index: Int) {
        rings[index].append(job)
        occupied |= 1 << UInt8(index)
        queued += 1
    }

    /// The next thing to run, the most urgent first; skips entries whose worker has ended meanwhile.
    @inline(__always)
    mutating func pop() -> PoolJob? {
        if swiftJobs.count > 0 { return swiftJobs.popFirst() }
        // The process is shutting down: what has begun goes on, and nothing begins.
        if isRefusing { return nil }
        while occupied != 0 {
            let index = 7 - occupied.leadingZeroBitCount
            guard let job = rings[index].popFirst() else {
                occupied &= ~(1 << UInt8(index))
                continue
            }
            if case .worker(let worker) = job {
                guard worker.isInPoolQueue else {
                    dead -= 1
                    graveyard.bury(worker)
                    continue
                }
                worker.isInPoolQueue = false
            }
            queued -= 1
            return job
        }
        return nil
    }

    /// The entry of `worker` stands for nothing any more. False when it had none.
    mutating func forget(_ worker: WorkerCore) -> Bool {
        guard worker.isInPoolQueue else { return false }
        worker.isInPoolQueue = false
        queued -= 1
        dead += 1
        if dead > 64, dead > queued {
            var buried = graveyard
            for index in 0..<rings.count {
                rings[index].compact {
                    guard case .worker(let worker) = $0, !worker.isInPoolQueue else { return false }
                    buried.bury(worker)
                    return true
                }
            }
            graveyard = buried
            dead = 0
        }
        return true
    }

    /// Takes everything that has not begun out of the queue. From here on no entry stands for any of these workers, so
    /// one that is stopped at this moment does not take its entry out a second time.
    mutating func takeQueued() -> TakenJobs {
        var taken: Rings = InlineArray { _ in JobRing() }
        swap(&taken, &rings)
        var workers: [WorkerCore] = []
        for index in 0..<taken.count {
            taken[index].forEach { job in
                guard case .worker(let worker) = job, worker.isInPoolQueue else { return }
                worker.isInPoolQueue = false
                workers.append(worker)
            }
        }
        occupied = 0
        queued = 0
        dead = 0
        return TakenJobs(rings: taken, workers: workers)
    }
}

/// Entries taken out of a queue, to be let go outside its lock.
struct TakenJobs: ~Copyable {
    let rings: PoolState.Rings
    /// The workers among them that waited to begin.
    let workers: [WorkerCore]
}
