import Synchronization

/// The pool's lock, its hint and its bookkeeping in one block of memory that begins with a cache line: what every entry
/// writes is on that line, so that it goes from core to core once for each entry and not three times.
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
