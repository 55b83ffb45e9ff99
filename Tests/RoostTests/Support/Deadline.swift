import Testing

@testable import Roost

/// A test came to no end in time.
struct TestHang: Error, CustomStringConvertible {
    let limit: Duration
    var description: String { "did not come to its end within \(limit)" }
}

/// Runs `body` and fails the test when it does not end within `limit`, without waiting for it any longer: one hang does
/// not become the suite's. The limit is there for hangs alone, so it is generous.
@discardableResult
func withDeadline<Value: Sendable>(
    _ limit: Duration = .seconds(120), _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let result = OneShot<Result<Value, any Error>>()
    let task = Task {
        do { result.resolve(.success(try await body())) } catch { result.resolve(.failure(error)) }
    }
    let timer = SystemTime.shared.schedule(after: limit) { result.resolve(.failure(TestHang(limit: limit))) }
    let value = await result.value
    timer.cancel()
    if case .failure(let error) = value, error is TestHang { task.cancel() }
    return try value.get()
}

/// Runs `body`, which may block, on a thread of its own: the threads of Swift Concurrency are few and not to be blocked.
func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
    let result = OneShot<Result<Value, any Error>>()
    let failure = PlatformThread.start(name: "test") { result.resolve(Result { try body() }) }
    if let failure { throw SystemCallError(call: "pthread_create", errno: failure) }
    return try await result.value.get()
}

/// The same, begun now and awaited later.
func inBackground<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) -> Task<Value, any Error> {
    Task { try await onThread(body) }
}

/// Looks again and again, in between letting others run, until `condition` holds: for states that nothing announces.
func eventually(_ condition: @Sendable () -> Bool) async throws {
    let end = MonotonicTime.now + .seconds(120)
    while !condition() {
        guard MonotonicTime.now < end else { throw TestHang(limit: .seconds(120)) }
        try await SystemTime.shared.sleep(for: .milliseconds(1))
    }
}
