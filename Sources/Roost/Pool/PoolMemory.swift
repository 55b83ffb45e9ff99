import Synchronization

/// The pool's lock, its hint and its bookkeeping in one block of memory that begins with a cache line: whatever every entry
/// writes is on that line, so that it goes from core to core once for each entry and not three times.
struct PoolMemory {
    private static let line = 64
    private static let hintOffset = 8
    private static let stateOffset = 16

    private let block: UnsafeMutableRawPointer

    init() {
        let size = Self.stateOffset + MemoryLayout<PoolState>.size
        block = .allocate(byteCount: size, alignment: Self.line)
        block.initializeMemory(as: FutexLock.self, to: FutexLock())
        (block + Self.hintOffset).initializeMemory(as: Atomic<Int>.self, to: Atomic(0))
    }

    func initialize(to state: consuming PoolState) {
        (block + Self.stateOffset).initializeMemory(as: PoolState.self, to: state)
    }

    func deallocate() {
        state.deinitialize(count: 1)
        block.deallocate()
    }

    // proof: `init` has put a lock, an atomic and (with `initialize`) a state at these places, and nothing else is put there.
    var lock: UnsafePointer<FutexLock> { UnsafePointer(block.assumingMemoryBound(to: FutexLock.self)) }

    /// The number of queued entries, for the searching thread to look at without the lock.
    // proof: see `lock`.
    var queuedHint: UnsafePointer<Atomic<Int>> {
        // proof: see `lock`.
        UnsafePointer((block + Self.hintOffset).assumingMemoryBound(to: Atomic<Int>.self))
    }

    // proof: see `lock`.
    var state: UnsafeMutablePointer<PoolState> { (block + Self.stateOffset).assumingMemoryBound(to: PoolState.self) }
}
