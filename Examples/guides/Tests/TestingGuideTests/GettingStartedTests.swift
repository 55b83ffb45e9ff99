import Roost
import RoostTesting
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(1))) struct GettingStartedTests {
    @Test func aLateWorkerIsNamed() async {
        let clock = ManualClock()
        let gate = StopSource()
        let scope = WorkerScope("window", time: clock)
        let stubborn = scope.start("stubborn", reporting: String.self) { worker in
            worker.report("started")
            try? gate.token.sleep(for: .seconds(60))  // looks at the gate, not at its own token
        }
        for await _ in stubborn.updates { break }  // it runs now

        async let closing = scope.close(within: .seconds(2))
        await clock.waitForSleepers(1)  // the close waits for its deadline
        clock.advance(by: .seconds(2))

        let report = await closing
        #expect(report.stragglers.map(\.worker) == ["stubborn"])
        gate.stop()
    }

    @Test func theNewestUpdateWins() async {
        let port = ManualPort()
        let seen = Mutex<[Int]>([])
        let scope = WorkerScope("window")
        let worker = scope.start("count", reporting: Int.self) { worker in
            for n in 1...100 { worker.report(n) }
        }
        worker.onUpdate(on: port) { n in seen.withLock { $0.append(n) } }
        _ = await worker.ending

        port.drain()
        #expect(seen.withLock { $0 }.last == 100)
        await scope.close()
    }

    @Test func nothingIsDeliveredAfterClose() async {
        let port = ManualPort()
        let calls = Mutex(0)
        let scope = WorkerScope("window")
        let worker = scope.start("report once", reporting: Int.self) { worker in worker.report(1) }
        worker.onUpdate(on: port) { _ in calls.withLock { $0 += 1 } }
        worker.onEnd(on: port) { _ in calls.withLock { $0 += 1 } }
        _ = await worker.ending

        await scope.close()
        port.drain()  // what was on its way arrives at a closed gate
        #expect(calls.withLock { $0 } == 0)
    }

    @Test func thePortConforms() async {
        let conformance = DeliveryConformance("my port") { .init(port: SerialThread("my port")) }
        let failures = await conformance.run()
        #expect(failures.isEmpty, "\(failures)")
    }
}
