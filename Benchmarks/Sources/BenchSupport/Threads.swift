import Glibc
import Synchronization

/// A POSIX semaphore: a futex without spinning, the same one the C++ peers wait on.
public final class Gate: @unchecked Sendable {  // proof: sem_t is made for several threads; on the heap, it never moves
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
    public init() { sem_init(semaphore, 0, 0) }
    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }
    public func post() { sem_post(semaphore) }
    public func wait() { while sem_wait(semaphore) != 0 {} }
}

/// A relaxed flag and a counter that closures can share.
public final class Flag: Sendable {
    public let value = Atomic<Bool>(false)
    public init() {}
    @inlinable public var isSet: Bool { value.load(ordering: .relaxed) }
    public func set() { value.store(true, ordering: .releasing) }
}
public final class Counter: Sendable {
    public let value = Atomic<Int>(0)
    public init() {}
    public func add(_ amount: Int = 1) { value.add(amount, ordering: .relaxed) }
    public var count: Int { value.load(ordering: .acquiring) }
}

/// A plain thread; returns what joins it.
nonisolated public func startThread(_ body: @escaping @Sendable () -> Void) -> () -> Void {
    final class Box {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let result = pthread_create(
        &thread, nil,
        { raw in
            // proof: the box that was retained for this thread below, taken once.
            Unmanaged<Box>.fromOpaque(raw!).takeRetainedValue().body()
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())  // proof: taken above
    precondition(result == 0, "pthread_create: \(result)")
    return { pthread_join(thread, nil) }
}

/// Runs an async body from a plain thread and waits for it.
nonisolated public func runBlocking(_ body: @escaping @Sendable () async -> Values) -> Values {
    // proof: written before the post, read after the wait.
    final class Result: @unchecked Sendable { var values = Values() }
    let result = Result()
    let done = Gate()
    Task.detached {
        result.values = await body()
        done.post()
    }
    done.wait()
    return result.values
}
