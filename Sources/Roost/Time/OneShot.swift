/// A value that is set once and awaited by any number of tasks: the bounded wait without a task group.
package final class OneShot<Value: Sendable>: Sendable {
    private struct State {
        var value: Value?
        var waiters: [@Sendable (Value) -> Void] = []
    }

    private let state = Locked(State())

    package init() {}

    /// Sets the value; false when it was set before.
    @discardableResult
    package func resolve(_ value: Value) -> Bool {
        let waiters: [@Sendable (Value) -> Void]? = state.withLock { state in
            guard state.value == nil else { return nil }
            state.value = value
            defer { state.waiters = [] }
            return state.waiters
        }
        guard let waiters else { return false }
        for waiter in waiters { waiter(value) }
        return true
    }

    package var value: Value {
        get async {
            await withCheckedContinuation { continuation in
                whenResolved { continuation.resume(returning: $0) }
            }
        }
    }

    /// The value of a result, or `CancellationError` at once when the waiting task is cancelled; `onCancel` is called then.
    package func success<Success>(onCancel: @escaping @Sendable () -> Void = {}) async throws -> Success
    where Value == Result<Success, any Error> {
        try await withTaskCancellationHandler {
            try await value.get()
        } onCancel: {
            resolve(.failure(CancellationError()))
            onCancel()
        }
    }

    /// Calls `action` once with the value: at once, on this thread, when it is there; else on the thread that sets it.
    package func whenResolved(_ action: @escaping @Sendable (Value) -> Void) {
        let ready: Value? = state.withLock { state in
            if let value = state.value { return value }
            state.waiters.append(action)
            return nil
        }
        if let ready { action(ready) }
    }

    package var valueIfResolved: Value? { state.withLock { $0.value } }
    /// How many wait for it.
    package var waiterCount: Int { state.withLock { $0.waiters.count } }
}
