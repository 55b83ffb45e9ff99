/// What a pool thread runs.
enum PoolJob {
    /// A plain closure: no name, no ending.
    case closure(@Sendable () -> Void)
    /// A worker; its entry is dead once ``WorkerCore/isInPoolQueue`` is false.
    case worker(WorkerCore)
    /// A job of Swift Concurrency for this executor.
    case swiftJob(UnownedJob)
}

/// A growing first-in first-out ring.
struct JobRing: ~Copyable {
    private var storage: UnsafeMutablePointer<PoolJob>
    private var mask: Int
    private var head = 0
    private(set) var count = 0

    init() {
        storage = .allocate(capacity: 16)
        mask = 15
    }

    deinit {
        for index in 0..<count { (storage + ((head + index) & mask)).deinitialize(count: 1) }
        storage.deallocate()
    }

    @inline(__always)
    mutating func append(_ job: consuming PoolJob) {
        if count > mask { grow() }
        (storage + ((head + count) & mask)).initialize(to: job)
        count += 1
    }

    @inline(__always)
    mutating func popFirst() -> PoolJob? {
        guard count > 0 else { return nil }
        let job = (storage + head).move()
        head = (head + 1) & mask
        count -= 1
        return job
    }

    func forEach(_ body: (PoolJob) -> Void) {
        for index in 0..<count { body((storage + ((head + index) & mask)).pointee) }
    }

    /// Drops the entries that `isDead` says are, keeping the order of the others.
    mutating func compact(where isDead: (PoolJob) -> Bool) {
        for _ in 0..<count {
            guard let job = popFirst() else { return }
            if !isDead(job) { append(job) }
        }
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<PoolJob>.allocate(capacity: (mask + 1) * 2)
        let first = min(count, mask + 1 - head)
        larger.moveInitialize(from: storage + head, count: first)
        (larger + first).moveInitialize(from: storage, count: count - first)
        storage.deallocate()
        storage = larger
        mask = mask * 2 + 1
        head = 0
    }
}
