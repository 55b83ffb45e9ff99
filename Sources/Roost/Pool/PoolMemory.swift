import Synchronization

/// The pool's lock, its hint and its bookkeeping in one block of memory that begins with a cache line: lock, hint and counters
/// are on that line, so that with each entry it and the ring's go from core to core, and no others.
struct PoolMemory {
    private static let line = 64
    private static let hintOffset = 8
    private static let stateOffset = 16

    private let block: UnsafeMutableRawPointer
    let lock: UnsafeMutablePointer<FutexLock>
    /// The number of queued entries, for the searching thread to look at without the lock.
    let queuedHint: UnsafeMutablePointer<Atomic<Int>>
    let state: UnsafeMutablePointer<PoolState>

    init(_ initial: consuming PoolState) {
        precondition(MemoryLayout<PoolState>.alignment <= Self.stateOffset, "Roost: PoolState needs another offset")
        let size = Self.stateOffset + MemoryLayout<PoolState>.size
        block = .allocate(byteCount: size, alignment: Self.line)
        lock = block.initializeMemory(as: FutexLock.self, to: FutexLock())
        queuedHint = (block + Self.hintOffset).initializeMemory(as: Atomic<Int>.self, to: Atomic(0))
        state = (block + Self.stateOffset).initializeMemory(as: PoolState.self, to: initial)
    }

    func deallocate() {
        state.deinitialize(count: 1)
        queuedHint.deinitialize(count: 1)
        lock.deinitialize(count: 1)
        block.deallocate()
    }
}
