import RoostTesting
import Testing

@testable import Roost

@Suite struct ProgressTests {
    @Test func fractionIsBetweenZeroAndOne() {
        #expect(WorkerProgress(0).fraction == 0)
        #expect(WorkerProgress(5, of: 10).fraction == 0.5)
        #expect(WorkerProgress(50, of: 10).fraction == 1)
        #expect(WorkerProgress(0, of: 0).fraction == 1)
        #expect(WorkerProgress(-5, of: 10).completed == 0)
        #expect(WorkerProgress(1, of: -5).total == 0)
    }

    @Test func nothingIsSaidBeforeAnythingIsKnown() {
        #expect(WorkerProgress(5, of: 10).rate == nil)
        #expect(WorkerProgress(5, of: 10).timeLeft == nil)
    }

    @Test func rateAndTimeLeftComeFromTheWorkersTime() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope(time: clock)
            let port = ManualPort()
            let seen = Log<WorkerProgress>()
            let worker = scope.start("steps") { worker in
                try worker.sleep(for: .seconds(4))
                worker.report(20, of: 100, message: "a fifth")
            }
            worker.onUpdate(on: port) { seen.add($0) }
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(4))
            #expect(await worker.endingKind == "finished")
            port.drain()
            let progress = try #require(seen.all.last)
            #expect(progress.elapsed == .seconds(4))
            #expect(progress.rate == 5)
            #expect(progress.timeLeft == .seconds(16))
            #expect(progress.message == "a fifth")
        }
    }
}
