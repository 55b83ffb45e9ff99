/// What a pool's lock guards. Pure bookkeeping: no thread is started, woken or waited for in here.
struct PoolState: ~Copyable {
    var rings: InlineArray<5, JobRing> = InlineArray { _ in JobRing() }
    /// Continuations of bodies that have begun go before everything that has not.
    var swiftJobs = JobRing()
    /// Bit i: ring i is not empty.
    var occupied: UInt8 = 0
    /// Entries that still stand for something, and those whose worker has ended in the queue.
    var queued = 0
    var dead = 0

    var threads: [PoolThread] = []
    /// Threads that wait, the most recently used last.
    var idle: [PoolThread] = []
    var abandoned: [PoolThread] = []
    /// Threads that exist or are being started, without the abandoned ones.
    var threadCount = 0
    var active = 0
    var reserved = 0
    /// One thread is looking for work and will take what comes next.
    var isSearching = false
    var maximum: Int
    var isRetired = false
    /// No body begins any more: the process is shutting down.
    var isRefusing = false
    var lastThreadNumber = 0
    var lastWaiter: UInt64 = 0
    var doneWaiters: [UInt64: @Sendable () -> Void] = [:]
    var roomWaiters: [UInt64: @Sendable () -> Void] = [:]

    init(maximum: Int) {
        self.maximum = maximum
    }

    var mayRunMore: Bool { active + reserved < maximum }
    var isDone: Bool { active == 0 && queued == 0 && swiftJobs.count == 0 }

    @inline(__always)
    mutating func push(_ job: consuming PoolJob, priority: WorkerPriority) {
        let index = Int(priority.rawValue)
        rings[index].append(job)
        occupied |= 1 << UInt8(index)
        queued += 1
    }

    /// The next thing to run, the most urgent first; skips entries whose worker has ended meanwhile.
    @inline(__always)
    mutating func pop() -> PoolJob? {
        if swiftJobs.count > 0 { return swiftJobs.popFirst() }
        while occupied != 0 {
            let index = 7 - occupied.leadingZeroBitCount
            guard let job = rings[index].popFirst() else {
                occupied &= ~(1 << UInt8(index))
                continue
            }
            if case .worker(let worker) = job {
                guard worker.isInPoolQueue else {
                    dead -= 1
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
            for index in 0..<5 {
                rings[index].compact {
                    if case .worker(let worker) = $0 { return !worker.isInPoolQueue }
                    return false
                }
            }
            dead = 0
        }
        return true
    }

    /// Takes everything that has not begun out of the queue.
    mutating func takeQueued() -> InlineArray<5, JobRing> {
        var taken: InlineArray<5, JobRing> = InlineArray { _ in JobRing() }
        swap(&taken, &rings)
        occupied = 0
        queued = 0
        dead = 0
        return taken
    }
}
