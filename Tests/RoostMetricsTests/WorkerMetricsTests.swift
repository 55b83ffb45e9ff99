#if Metrics
import Foundation
import MetricsTestKit
import Roost
import RoostMetrics
import Testing

/// Workers of other tests may run at the same time and are counted, too: numbers here are the least that there must be.
@Suite("Metrics")
struct WorkerMetricsTests {
    private func ended(_ kind: String, _ backend: TestMetrics) throws -> Int64 {
        try backend.expectCounter("roost_workers_ended", [("ending", kind)]).totalValue
    }

    @Test("workers that started, finished, failed, were stopped and were abandoned are counted and timed")
    func workers() async throws {
        let backend = TestMetrics()
        let metrics = WorkerMetrics(factory: backend, every: .seconds(3_600))
        let pool = WorkerPool(name: "counted", configuration: .init(maximumThreads: 4))
        let scope = WorkerScope("counted", pool: pool)
        struct Broken: Error {}
        for _ in 0..<3 { _ = try await scope.start("finishes") { _ in }.value }
        let failing = scope.start("fails") { _ in throw Broken() }
        #expect(await failing.ending.kind == "failed")
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        let gate = DispatchSemaphore(value: 0)
        let stopping = scope.start("stops") { worker in
            while true { try worker.sleep(for: .seconds(3_600)) }
        }
        let stubborn = scope.start("stubborn") { _ in
            beginning.finish()
            gate.wait()
        }
        for await _ in begun { break }
        stopping.stop()
        #expect(await stopping.ending.kind == "stopped")
        await scope.close(within: .milliseconds(50))
        gate.signal()
        #expect(await stubborn.ending.kind == "abandoned")
        await metrics.flush()
        #expect(try backend.expectCounter("roost_workers_started").totalValue >= 5)
        #expect(try ended("finished", backend) >= 3)
        #expect(try ended("failed", backend) >= 1)
        #expect(try ended("stopped", backend) >= 1)
        #expect(try ended("abandoned", backend) >= 1)
        #expect(try backend.expectTimer("roost_worker_duration").values.count >= 5)
        // The stubborn one was waited for.
        let latencies = try backend.expectTimer("roost_worker_stop_latency").values
        #expect(latencies.contains { $0 >= 50_000_000 })
    }

    @Test("a pool's queue and busy threads are handed over, and zero once it has gone")
    func pool() async throws {
        let backend = TestMetrics()
        let metrics = WorkerMetrics(factory: backend, every: .seconds(3_600))
        let gate = DispatchSemaphore(value: 0)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        var pool: WorkerPool? = WorkerPool(name: "watched", configuration: .init(maximumThreads: 1))
        pool?.submit {
            beginning.finish()
            gate.wait()
        }
        for await _ in begun { break }
        for _ in 0..<4 { pool?.submit {} }
        metrics.watch(try #require(pool))
        await metrics.flush()
        let dimensions = [("pool", "watched")]
        #expect(try backend.expectMeter("roost_pool_queued", dimensions).lastValue == 4)
        #expect(try backend.expectMeter("roost_pool_active_threads", dimensions).lastValue == 1)
        gate.signal()
        try await pool?.done()
        pool = nil
        await metrics.flush()
        #expect(try backend.expectMeter("roost_pool_queued", dimensions).lastValue == 0)
        #expect(try backend.expectMeter("roost_pool_active_threads", dimensions).lastValue == 0)
    }

    @Test("numbers are handed over by themselves, every interval")
    func interval() async throws {
        let backend = TestMetrics()
        let metrics = WorkerMetrics(factory: backend, every: .milliseconds(5))
        let scope = WorkerScope("interval", pool: WorkerPool(name: "interval"))
        _ = try await scope.start("finishes") { _ in }.value
        // Ends with the first hand-over; the limit is for one that never comes.
        let deadline = ContinuousClock.now + .seconds(30)
        while (try? backend.expectCounter("roost_workers_started").totalValue) ?? 0 == 0, .now < deadline {
            try await Task.sleep(for: .milliseconds(1))
        }
        #expect(try backend.expectCounter("roost_workers_started").totalValue >= 1)
        withExtendedLifetime(metrics) {}
    }
}
#endif
