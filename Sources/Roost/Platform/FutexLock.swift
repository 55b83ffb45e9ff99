import CRoostPlatform
import Synchronization

/// A mutual-exclusion lock of four bytes, without an allocation and visible to ThreadSanitizer.
///
/// `Synchronization.Mutex` reports false races there (its slow path is in a library that is not instrumented), and its
/// priority-inheriting futex hands the lock over in the kernel under contention, which costs a pool more than it gains.
/// The algorithm is the three-state futex mutex of Ulrich Drepper, "Futexes Are Tricky" (2011), section 6: 0 free, 1 held,
/// 2 held and somebody may wait. Before the wait a thread that finds the lock held looks again a few times, with about a
/// microsecond between the looks: whoever looks all the time takes the cache line away from the holder, and the line then
/// goes from core to core with every entry; a holder left alone works through many (a pool's empty closures: 50 ns each
/// beside 150 ns without the pauses).
///
/// Never held across `await`, user code, a continuation's resume or I/O.
struct FutexLock: ~Copyable, Sendable {
    private let word = Atomic<UInt32>(0)

    init() {}

    @inline(__always)
    borrowing func lock() {
        guard !word.weakCompareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged else { return }
        lockSlow()
    }

    @inline(__always)
    borrowing func unlock() {
        if word.exchange(0, ordering: .releasing) == 2 { wakeOne() }
    }

    @inline(__always)
    borrowing func withLock<Result: ~Copyable, Failure: Error>(
        _ body: () throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock()
        defer { unlock() }
        return try body()
    }

    @inline(never)
    private borrowing func lockSlow() {
        for _ in 0..<Spinning.looks {
            for _ in 0..<Spinning.pausesPerLook { roost_cpu_pause() }
            if word.load(ordering: .relaxed) == 0,
                word.weakCompareExchange(expected: 0, desired: 1, ordering: .acquiring).exchanged
            {
                return
            }
        }
        while word.exchange(2, ordering: .acquiring) != 0 {
            // An atomic is never moved while it is borrowed, so its address is the futex's identity.
            withUnsafePointer(to: word) { _ = roost_futex_wait($0, 2, -1) }
        }
    }

    @inline(never)
    private borrowing func wakeOne() {
        withUnsafePointer(to: word) { roost_futex_wake($0, 1) }
    }
}

/// How long a thread spins before it sleeps: longer than any critical section here, and not much longer than a sleep and a
/// wake take. On a single processor not at all: whoever is waited for needs it.
enum Spinning {
    /// For work: about 2 µs on current machines.
    static let rounds: Int = roost_processor_count() > 1 ? 60 : 0
    /// For a lock: about 1 µs between two looks.
    static let looks: Int = roost_processor_count() > 1 ? 4 : 0
    static let pausesPerLook = 32
}
