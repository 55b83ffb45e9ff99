#if ServiceLifecycle
import Logging
import Roost
import RoostServiceLifecycle
import ServiceLifecycle
import Testing

@Suite("Scopes and pools as services")
struct ServiceTests {
    private func group(_ services: [any Service]) -> ServiceGroup {
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        return ServiceGroup(services: services, logger: logger)
    }

    /// Runs a group until its graceful shutdown, which is asked for once the worker runs.
    private func run(_ group: ServiceGroup, until begun: AsyncStream<Void>) async throws {
        let run = Task { try await group.run() }
        for await _ in begun { break }
        await group.triggerGracefulShutdown()
        try await run.value
    }

    @Test("the group's graceful shutdown closes the scope and stops its workers")
    func scope() async throws {
        let pool = WorkerPool(name: "scope-pool")
        let scope = WorkerScope("uploads", pool: pool)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let worker = scope.start("until stopped") { worker in
            beginning.finish()
            while true { try worker.sleep(for: .seconds(3_600)) }
        }
        try await run(group([ScopeService(scope, within: .seconds(60))]), until: begun)
        #expect(await worker.ending.kind == "stopped")
        #expect(scope.phase == .closed)
    }

    @Test("a scope with a stubborn worker is over at its budget, and the group fails with the worker's name")
    func lateScope() async throws {
        let pool = WorkerPool(name: "late-pool")
        let scope = WorkerScope("uploads", pool: pool)
        let gate = Gate()
        defer { gate.open() }
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        scope.start("stubborn") { _ in
            beginning.finish()
            gate.wait()
        }
        let error = await #expect(throws: LateServiceError.self) {
            try await run(group([ScopeService(scope, within: .milliseconds(50))]), until: begun)
        }
        #expect(error?.service == "scope 'uploads'")
        #expect(error?.late.first?.contains("'stubborn' of 'uploads'") == true)
    }

    @Test("a cancelled group closes the scope, too")
    func cancelled() async throws {
        let scope = WorkerScope("uploads", pool: WorkerPool(name: "cancel-pool"))
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let worker = scope.start("until stopped") { worker in
            beginning.finish()
            while true { try worker.sleep(for: .seconds(3_600)) }
        }
        let group = group([ScopeService(scope)])
        let run = Task { try await group.run() }
        for await _ in begun { break }
        run.cancel()
        _ = await run.result
        #expect(await worker.ending.kind == "stopped")
    }

    @Test("the group's graceful shutdown stops a pool: what runs is asked, what waits is dropped, nothing new is taken")
    func pool() async throws {
        let pool = WorkerPool(name: "service-pool", configuration: .init(maximumThreads: 1))
        let scope = WorkerScope("jobs", pool: pool)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let running = scope.start("running") { worker in
            beginning.finish()
            while true { try worker.sleep(for: .seconds(3_600)) }
        }
        let waiting = scope.start("waiting") { _ in Issue.record("it ran") }
        try await run(group([PoolService(pool, within: .seconds(60))]), until: begun)
        #expect(await running.ending.kind == "stopped")
        #expect(await waiting.ending.kind == "stopped")
        guard case .refused = pool.submit({}) else {
            Issue.record("the pool took work")
            return
        }
    }

    @Test("a pool that does not stop is over at its budget, and the group fails with what still runs")
    func latePool() async throws {
        let pool = WorkerPool(name: "stuck", configuration: .init(maximumThreads: 1))
        let gate = Gate()
        defer { gate.open() }
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        pool.submit {
            beginning.finish()
            gate.wait()
        }
        let error = await #expect(throws: LateServiceError.self) {
            try await run(group([PoolService(pool, within: .milliseconds(50))]), until: begun)
        }
        #expect(error?.late.first?.hasPrefix("a plain closure on thread 'stuck") == true)
    }
}
#endif
