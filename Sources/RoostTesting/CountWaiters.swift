import Roost

/// Tasks that wait until a number, kept elsewhere, is large enough.
final class CountWaiters: Sendable {
    private struct Waiter {
        let threshold: Int
        let signal: OneShot<Void>
    }

    private struct State {
        var waiters: [UInt64: Waiter] = [:]
        var lastID: UInt64 = 0
    }

    private let state = Locked(State())

    /// The number was `count` a moment ago. Called with no lock held.
    func reached(_ count: Int) {
        let reached = state.withLock { state -> [OneShot<Void>] in
            guard !state.waiters.isEmpty else { return [] }
            let reached = state.waiters.filter { $0.value.threshold <= count }
            for id in reached.keys { state.waiters[id] = nil }
            return reached.values.map(\.signal)
        }
        for signal in reached { signal.resolve(()) }
    }

    /// Returns once the number is at least `threshold`, or when the task is cancelled.
    func wait(for threshold: Int, current: @Sendable () -> Int) async {
        let signal = OneShot<Void>()
        let id = state.withLock { state in
            state.lastID += 1
            state.waiters[state.lastID] = Waiter(threshold: threshold, signal: signal)
            return state.lastID
        }
        // Registered first and looked at second: a change in between is seen by one of the two.
        if current() >= threshold { signal.resolve(()) }
        await withTaskCancellationHandler {
            await signal.value
        } onCancel: {
            signal.resolve(())
        }
        state.withLock { $0.waiters[id] = nil }
    }
}
