extension TimeSource {
    /// Suspends for `duration`. Throws `CancellationError` at once when the task is cancelled and ``StopError`` at once
    /// when `token` is stopped.
    public func sleep(for duration: Duration, token: StopToken? = nil) async throws {
        let waiter = OneShot<Result<Void, any Error>>()
        let timer = schedule(after: duration) { waiter.resolve(.success(())) }
        let registration = token?.onStop { reason in waiter.resolve(.failure(StopError(reason))) }
        defer {
            timer.cancel()
            registration?.remove()
        }
        try await waiter.success()
    }
}
