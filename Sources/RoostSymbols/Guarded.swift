import Glibc

/// A value behind a lock of the C library.
///
/// ThreadSanitizer knows this lock; that of `Synchronization` lies in a library that is not instrumented, and is reported falsely.
package final class Guarded<Value>: @unchecked Sendable {  // proof: `value` is only touched with the lock held
    private var value: Value
    private let lock: UnsafeMutablePointer<pthread_mutex_t>

    package init(_ value: Value) {
        self.value = value
        lock = .allocate(capacity: 1)
        lock.initialize(to: pthread_mutex_t())
        pthread_mutex_init(lock, nil)
    }

    deinit {
        pthread_mutex_destroy(lock)
        lock.deallocate()
    }

    package func withLock<Result>(_ body: (inout Value) throws -> Result) rethrows -> Result {
        pthread_mutex_lock(lock)
        defer { pthread_mutex_unlock(lock) }
        return try body(&value)
    }
}
