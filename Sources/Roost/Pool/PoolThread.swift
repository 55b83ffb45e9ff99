import CRoostPlatform

/// One thread of a pool.
final class PoolThread: @unchecked Sendable {  // proof: every `var` is guarded by the pool's lock
    let pool: PoolCore
    let name: String
    let parker = Parker()
    let slot: RunSlot
    /// The kernel's id of the thread, which makes this object itself.
    let kernelThread = roost_thread_id()
    /// What it runs; nil while idle.
    var job: Job?
    var isAbandoned = false
    /// When the present piece of an async body began, on the coarse clock.
    var swiftJobBeganAt = MonotonicTime(nanoseconds: 0)

    var heldWorker: WorkerCore? {
        if case .worker(let worker)? = job { worker } else { nil }
    }

    enum Job {
        case worker(WorkerCore)
        case closure
        case swiftJob
    }

    init(pool: PoolCore, name: String) {
        self.pool = pool
        self.name = name
        slot = RunSlot(.poolThread(of: pool.name))
    }

    /// The pool thread that runs the caller; nil on any other thread.
    static var current: PoolThread? {
        guard let pointer = roost_thread_current() else { return nil }
        // proof: a thread of Roost is a pool's or a serial one; the pointer is that object, held while it is set.
        return Unmanaged<AnyObject>.fromOpaque(pointer).takeUnretainedValue() as? PoolThread
    }

    func run(_ job: consuming PoolJob) {
        switch consume job {
        case .closure(let body):
            slot.beginUnnamed()
            body()
            slot.endUnnamed()
        case .worker(let worker):
            worker.execute(on: self)
        case .swiftJob(let job):
            job.runSynchronously(on: pool.asUnownedTaskExecutor())
        }
    }
}
