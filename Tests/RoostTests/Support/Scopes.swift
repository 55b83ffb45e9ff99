@testable import Roost

/// A scope with a pool and a root of its own: tests run side by side and disturb nobody.
func makeScope(
    _ name: String = "scope", threads: Int = 2, limit: Int? = nil, budget: Duration = .seconds(30),
    onFailure: WorkerScope.FailurePolicy = .keepGoing, time: any TimeSource = SystemTime.shared
) -> WorkerScope {
    WorkerScope(
        name, pool: makePool(threads), limit: limit, closesWithin: budget, onFailure: onFailure, time: time,
        root: WorkRoot())
}

func makePool(
    _ threads: Int = 2, name: String = "test", idleTimeout: Duration? = nil, queueCapacity: Int? = nil
) -> WorkerPool {
    WorkerPool(
        name: name,
        configuration: .init(maximumThreads: threads, idleTimeout: idleTimeout, queueCapacity: queueCapacity))
}

extension WorkerScope {
    /// `close()`: where one may await, that name means the form that waits.
    func cut(_ reason: StopReason = .windowClosed) {
        close(reason)
    }
}

extension WorkerHandle {
    /// The kind of the ending, awaited.
    var endingKind: String {
        get async { await ending.kind }
    }
}

extension WorkerScope {
    /// A worker that sleeps until it is stopped; returns once it runs.
    func startSleeper(_ name: String) async -> WorkerHandle<Void, WorkerProgress> {
        let running = Gate()
        let worker = start(name) { worker in
            running.open()
            try worker.sleep(for: .seconds(1_000))
        }
        await running.passed()
        return worker
    }

    /// How many wait for a free place, to start something then.
    var roomWaiters: Int { core.state.withLock { $0.roomWaiters.count } }

    /// Fills the pool with workers that run until the gate opens; returns once all of them run.
    func occupy(_ count: Int, until gate: Gate) async -> [WorkerHandle<Void, WorkerProgress>] {
        var handles: [WorkerHandle<Void, WorkerProgress>] = []
        for number in 1...count {
            let running = Gate()
            handles.append(
                start("busy \(number)") { _ in
                    running.open()
                    gate.wait()
                })
            await running.passed()
        }
        return handles
    }
}
