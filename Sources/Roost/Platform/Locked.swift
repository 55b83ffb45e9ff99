/// A value behind a lock, in one allocation: for state that is not on a hot path.
package final class Locked<Value>: @unchecked Sendable {  // proof: `value` is only touched with `lock` held
    private let lock = FutexLock()
    private var value: Value

    package init(_ value: sending Value) {
        self.value = value
    }

    package func withLock<Result, Failure: Error>(_ body: (inout Value) throws(Failure) -> Result) throws(Failure) -> Result {
        lock.lock()
        defer { lock.unlock() }
        return try body(&value)
    }
}
