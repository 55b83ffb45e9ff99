/// A value behind a lock, for state that is not on the hottest path.
///
/// The value lies in memory of its own: the lock already keeps accesses apart, and a stored property would have the runtime
/// check that a second time, at each access.
package final class Locked<Value>: @unchecked Sendable {  // proof: the value is only touched with `lock` held
    private let lock = FutexLock()
    private let value: UnsafeMutablePointer<Value>

    package init(_ value: sending Value) {
        self.value = .allocate(capacity: 1)
        self.value.initialize(to: value)
    }

    deinit {
        value.deinitialize(count: 1)
        value.deallocate()
    }

    package func withLock<Result, Failure: Error>(
        _ body: (inout Value) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value.pointee)
    }
}
