import BenchSupport
import Roost

/// `scope.start`: a worker with a name, a handle, an ending and a scope.
struct Workers: PoolPeer {
    let pool = WorkerPool(name: "bench", configuration: .init(maximumThreads: 2))
    let scope: WorkerScope

    init() { scope = WorkerScope("bench", pool: pool) }

    func submitEmpty() { scope.start("w") { _ in } }
    func submit(_ body: @escaping @Sendable () -> Void) { scope.start("w") { _ in body() } }
    func waitUntilDone() { drain(scope) }

    private func drain(_ scope: WorkerScope) {
        _ = runBlocking {
            try! await scope.drained()  // proof: throws only for a cancelled task or a worker of its own
            return [:]
        }
    }

    /// Like `empty`, and every handle is kept until all have run.
    func emptyKept(_ count: Int, producers: Int) -> Values {
        for _ in 0..<50_000 { submitEmpty() }
        waitUntilDone()
        let go = Flag()
        let ready = Gate()
        let drained = Gate()
        let dropped = Gate()
        let scope = scope
        let joins = (0..<producers).map { _ in
            startThread {
                var handles = [WorkerHandle<Void, WorkerProgress>]()
                handles.reserveCapacity(count / producers)
                ready.post()
                while !go.isSet { yieldThread() }
                for _ in 0..<count / producers { handles.append(scope.start("w") { _ in }) }
                drained.post()
                dropped.wait()
                precondition(handles.allSatisfy { $0.endingIfEnded != nil }, "a worker without an ending")
            }
        }
        for _ in 0..<producers { ready.wait() }
        let begin = now()
        go.set()
        for _ in 0..<producers { drained.wait() }
        waitUntilDone()
        let took = now() - begin
        for _ in 0..<producers { dropped.post() }
        for join in joins { join() }
        return ["ns": Double(took) / Double(count)]
    }

    func awaited(_ count: Int) -> Values {
        let scope = scope
        return measureAwait(count) { i in _ = try? await scope.start("w") { _ in i }.value }
    }

    /// A scope for each round: what is measured is its stop until the last of the 10,002 endings.
    func stop(_ repeats: Int) -> Values {
        var scope = scope
        var handles = [WorkerHandle<Void, WorkerProgress>]()
        return StopRound.measure(repeats) { round, running in
            if running {
                handles.append(
                    scope.start("running") { [started = round.started] worker in
                        started.post()
                        while !worker.isStopped {}
                    })
            } else {
                let body = round.queuedBody
                handles.append(scope.start("queued") { _ in body() })
            }
        } stop: { _ in
            scope.stop(.requested("bench"))
        } wait: { _ in
            drain(scope)
        } check: {
            precondition(
                handles.count == 10_002 && handles.allSatisfy { $0.endingIfEnded != nil }, "a worker without an ending")
            handles.removeAll(keepingCapacity: true)
            scope = WorkerScope("bench", pool: pool)
        }
    }
}
