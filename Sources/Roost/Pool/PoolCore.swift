import CRoostPlatform
import Glibc
import Synchronization

// Lock order and invariants of the pool
// 1. `lock` guards `state`, and of each worker `isInPoolQueue`, and of each thread its `var`s. No other lock is taken
//    and nothing is called, started or woken while it is held; the methods below return what to do afterwards.
// 2. active + idle + searching + being started = threadCount; an abandoned thread is in none of them.
// 3. Work that is queued while a place is free has a thread on its way to it: whoever queues it, or takes the entry
//    before it, wakes or starts one unless one is searching.

/// The threads and the queue of a pool.
final class PoolCore: TaskExecutor, @unchecked Sendable {  // proof: `state` is only touched with `lock` held
    let name: String
    let configuration: WorkerPool.Configuration
    let root: WorkRoot
    private let memory: PoolMemory
    private var lock: UnsafeMutablePointer<FutexLock> { memory.lock }
    private var state: UnsafeMutablePointer<PoolState> { memory.state }

    init(name: String, configuration: WorkerPool.Configuration, root: WorkRoot) {
        self.name = name
        self.root = root
        self.configuration = configuration
        memory = PoolMemory(PoolState(maximum: max(1, configuration.maximumThreads)))
    }

    deinit {
        memory.deallocate()
    }

    func withState<Result: ~Copyable>(_ body: (inout PoolState) -> Result) -> Result {
        lock.pointee.lock()
        defer { lock.pointee.unlock() }
        defer { noteQueued() }
        return body(&state.pointee)
    }

    @inline(__always)
    private func noteQueued() {
        memory.queuedHint.pointee.store(state.pointee.queued &+ state.pointee.swiftJobs.count, ordering: .relaxed)
    }

    // MARK: Putting work in

    @inline(__always)
    func give(_ help: PoolState.Help) {
        switch help {
        case .none: break
        case .wake(let thread): thread.parker.unpark()
        case .start: startThread()
        }
    }

    func submit(_ job: consuming PoolJob, priority: WorkerPriority, onlyIfFree: Bool = false) -> Admission {
        lock.pointee.lock()
        if onlyIfFree || state.pointee.isClosed || configuration.queueCapacity != nil,
            let refusal = lockedRefusal(onlyIfFree: onlyIfFree)
        {
            lock.pointee.unlock()
            return .refused(refusal)
        }
        if case .worker(let worker) = job {
            // A worker that was stopped before this point is ended by whoever stopped it: nothing to queue. A stop that
            // comes later finds the entry.
            if worker.isStopped || worker.isEnded {
                lock.pointee.unlock()
                return .accepted
            }
            worker.isInPoolQueue = true
        }
        state.pointee.push(job, priority: priority)
        let help = state.pointee.help()
        noteQueued()
        lock.pointee.unlock()
        give(help)
        return .accepted
    }

    @inline(never)
    private func lockedRefusal(onlyIfFree: Bool) -> WorkerPoolError? {
        if state.pointee.isClosed { return closedError }
        if state.pointee.isFull(configuration.queueCapacity) {
            let places = configuration.queueCapacity ?? 0
            return error(.queueFull, "all \(places) places of its queue are taken; wait for room with startWhenRoom")
        }
        if onlyIfFree, state.pointee.active + state.pointee.reserved + state.pointee.queued >= state.pointee.maximum {
            return error(.noFreeThread, "no thread is free")
        }
        return nil
    }

    var closedError: WorkerPoolError {
        error(.closed, "it takes no more work: it was closed, or the process is shutting down")
    }

    func error(_ code: WorkerPoolError.Code, _ message: String) -> WorkerPoolError {
        WorkerPoolError(code: code, pool: name, message: message)
    }

    /// Swift Concurrency's entry: never refused, since a body that has begun must be able to go on.
    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        lock.pointee.lock()
        state.pointee.swiftJobs.append(.swiftJob(job))
        let help = state.pointee.help()
        noteQueued()
        lock.pointee.unlock()
        give(help)
    }

    // MARK: The threads

    private func startThread() {
        let number = withState { state in
            state.lastThreadNumber += 1
            return state.lastThreadNumber
        }
        let name = "\(self.name)-\(number)"
        let options = PlatformThread.Options(
            stackSize: configuration.stackSize, nice: configuration.threadPriority.nice)
        guard let failure = PlatformThread.start(name: name, options: options, { self.threadMain(name) }) else {
            return
        }
        // No thread to be had. With others alive the queue is theirs; alone, it is tried again until there is one.
        let (isAlone, isToSay) = withState { state in
            state.threadCount -= 1
            return state.threadCount == 0 ? (true, state.shortage.refused()) : (false, false)
        }
        guard isAlone else { return }
        if isToSay { ThreadShortage.say(self.name, failure) }
        _ = SystemTime.shared.schedule(after: ThreadShortage.interval) { [self] in
            give(withState { $0.helpIfNeeded() })
        }
    }

    private func threadMain(_ name: String) {
        let thread = PoolThread(pool: self, name: name)
        // proof: `thread` lives until this method takes it off again.
        roost_thread_set_current(Unmanaged.passUnretained(thread).toOpaque())
        CheckpointSampler.shared.add(thread.slot)
        withState { state in
            state.threads.append(thread)
            state.shortage = ThreadShortage()
        }
        var isFirst = true
        while let job = next(for: thread, isFirst: isFirst) {
            isFirst = false
            thread.run(job)
        }
        CheckpointSampler.shared.remove(thread.slot)
        roost_thread_set_current(nil)
        removeFromRootIfOver()
    }

    /// The next job for this thread; nil when the thread is to end. Waits, spinning briefly first.
    private func next(for thread: PoolThread, isFirst: Bool) -> PoolJob? {
        lock.pointee.lock()
        // What the thread held is let go with no lock held, since its end may run user code, and before it sleeps.
        var held = thread.heldWorker
        defer { withExtendedLifetime(held) {} }
        thread.job = nil
        if !isFirst {
            if thread.isAbandoned {
                guard lockedTakeBack(thread) else {
                    lock.pointee.unlock()
                    return nil
                }
            } else {
                state.pointee.active -= 1
            }
        }
        while true {
            let surplus = state.pointee.threadCount > state.pointee.maximum
            if !surplus, state.pointee.mayRunMore, let job = state.pointee.pop() {
                state.pointee.active += 1
                switch job {
                case .worker(let worker): thread.job = .worker(worker)
                case .closure: thread.job = .closure
                case .swiftJob:
                    thread.job = .swiftJob
                    thread.swiftJobBeganAt = .coarseNow
                }
                let help = state.pointee.helpIfNeeded()
                let room = state.pointee.isFull(configuration.queueCapacity) ? [] : state.pointee.roomWaiters.takeAll()
                let buried = state.pointee.graveyard.takeAll()
                noteQueued()
                lock.pointee.unlock()
                give(help)
                for wake in room { wake() }
                withExtendedLifetime(buried) {}
                return job
            }
            if held != nil || !state.pointee.graveyard.isEmpty {
                let buried = state.pointee.graveyard.takeAll()
                noteQueued()
                lock.pointee.unlock()
                held = nil
                withExtendedLifetime(buried) {}
                lock.pointee.lock()
                continue
            }
            let wakes = state.pointee.takeWakes(configuration.queueCapacity)
            if !wakes.isEmpty {
                lock.pointee.unlock()
                for wake in wakes { wake() }
                lock.pointee.lock()
                continue
            }
            if surplus || state.pointee.isRetired {
                lockedRemove(thread)
                lock.pointee.unlock()
                return nil
            }
            if !state.pointee.isSearching, state.pointee.mayRunMore {
                state.pointee.isSearching = true
                lock.pointee.unlock()
                search()
                lock.pointee.lock()
                state.pointee.isSearching = false
                // Whatever came meanwhile, work or the end of the pool, is looked at again before the thread sleeps.
                if state.pointee.hasWork || state.pointee.isRetired { continue }
                if state.pointee.threadCount > state.pointee.maximum { continue }
            }
            guard lockedSleep(thread) else { return nil }
        }
    }

    /// Looks for about 2 µs whether something comes; a sleep and a wake cost more.
    private func search() {
        for _ in 0..<Spinning.rounds {
            if memory.queuedHint.pointee.load(ordering: .relaxed) > 0 { return }
            roost_cpu_pause()
        }
    }

    /// Sleeps as an idle thread. Returns with the lock held and true, or without it and false when the thread has expired.
    private func lockedSleep(_ thread: PoolThread) -> Bool {
        state.pointee.idle.append(thread)
        noteQueued()
        lock.pointee.unlock()
        let deadline = configuration.idleTimeout.map { MonotonicTime.now + $0 }
        let wasWoken = thread.parker.park(until: deadline)
        lock.pointee.lock()
        // Whoever wakes a thread takes it off the list. Still on it, the thread woke by itself: its time is up, or a wake
        // came late for an earlier sleep. It must not stay there while it works.
        guard let index = state.pointee.idle.firstIndex(where: { $0 === thread }) else { return true }
        state.pointee.idle.remove(at: index)
        guard !wasWoken else { return true }
        lockedRemove(thread)
        lock.pointee.unlock()
        return false
    }

    private func lockedRemove(_ thread: PoolThread) {
        state.pointee.threadCount -= 1
        if let index = state.pointee.threads.firstIndex(where: { $0 === thread }) {
            state.pointee.threads.remove(at: index)
        }
    }

    /// A retired pool is the process's business until its last thread, abandoned ones included, has ended.
    func removeFromRootIfOver() {
        if withState({ $0.isRetired && $0.threads.isEmpty }) { root.remove(self) }
    }

    // MARK: Abandoned threads

    /// Leaves the thread behind if it still runs `worker`; another takes its place.
    func abandon(_ thread: PoolThread, running worker: WorkerCore) {
        lock.pointee.lock()
        guard !thread.isAbandoned, case .worker(let current)? = thread.job, current === worker else {
            return lock.pointee.unlock()
        }
        let help = state.pointee.leaveBehind(thread)
        let wakes = state.pointee.takeWakes(configuration.queueCapacity)
        lock.pointee.unlock()
        give(help)
        for wake in wakes { wake() }
    }

    /// Leaves the threads behind that have run one piece of an async body since before `time`: an async body that blocks its
    /// thread cannot be told from outside which worker it is, but after its budget its place must not stay taken. A thread
    /// that was taken for it by mistake comes back as soon as its piece ends.
    func abandonSwiftJob(since time: MonotonicTime) {
        let (helps, wakes) = withState { state -> ([PoolState.Help], [@Sendable () -> Void]) in
            var helps: [PoolState.Help] = []
            for thread in state.threads where !thread.isAbandoned && thread.swiftJobBeganAt <= time {
                guard case .swiftJob? = thread.job else { continue }
                helps.append(state.leaveBehind(thread))
            }
            return (helps, helps.isEmpty ? [] : state.takeWakes(configuration.queueCapacity))
        }
        for help in helps { give(help) }
        for wake in wakes { wake() }
    }

    /// The body of an abandoned thread has returned after all. True when the pool has a place for the thread.
    private func lockedTakeBack(_ thread: PoolThread) -> Bool {
        thread.isAbandoned = false
        if state.pointee.threadCount < state.pointee.maximum, !state.pointee.isRetired {
            state.pointee.threadCount += 1
            return true
        }
        state.pointee.threads.removeAll { $0 === thread }
        return false
    }
}
