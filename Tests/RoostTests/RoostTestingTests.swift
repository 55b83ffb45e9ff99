import RoostTesting
import Testing

@testable import Roost

@Suite struct RoostTestingTests {
    @Test func theClockFiresWhatIsDueInOrderWithItsOwnTime() {
        let clock = ManualClock()
        let fired = Log<Int64>()
        for seconds in [3, 1, 2] {
            _ = clock.schedule(after: .seconds(seconds)) { [clock] in fired.add(clock.now.nanoseconds / 1_000_000_000) }
        }
        #expect(clock.pending == 3)
        clock.advance(by: .seconds(2))
        #expect(fired.all == [1, 2])
        #expect(clock.nextTimer == .seconds(1))
        clock.advance(by: .seconds(10))
        #expect(fired.all == [1, 2, 3])
        #expect(clock.now.nanoseconds == 12_000_000_000)
    }

    @Test func aTimerSetByATimerFiresInTheSameAdvance() {
        let clock = ManualClock()
        let fired = Log<Int>()
        _ = clock.schedule(after: .seconds(1)) { [clock] in
            fired.add(1)
            _ = clock.schedule(after: .seconds(1)) { fired.add(2) }
        }
        clock.advance(by: .seconds(3))
        #expect(fired.all == [1, 2])
    }

    @Test func aCancelledTimerDoesNotFire() {
        let clock = ManualClock()
        let fired = Log<Int>()
        let timer = clock.schedule(after: .seconds(1)) { fired.add(1) }
        timer.cancel()
        #expect(clock.pending == 0)
        clock.advance(by: .seconds(2))
        #expect(fired.all.isEmpty)
    }

    @Test func sleepersCanBeAwaitedAndWoken() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let tasks = (1...3).map { seconds in Task { try await clock.sleep(for: .seconds(seconds)) } }
            await clock.waitForSleepers(3)
            clock.advance(by: .seconds(3))
            for task in tasks { try await task.value }
            #expect(clock.pending == 0)
        }
    }

    @Test func thePortRunsOneJobAtATimeInOrder() {
        let port = ManualPort()
        let seen = Log<Int>()
        port.post {
            seen.add(1)
            port.post { seen.add(3) }
            #expect(port.drain() == 0, "a job does not drain")
        }
        port.post { seen.add(2) }
        #expect(port.pending == 2)
        #expect(port.drainOne())
        #expect(seen.all == [1])
        #expect(port.drain() == 2)
        #expect(seen.all == [1, 2, 3])
        #expect(!port.drainOne())
    }

    @Test func jobsCanBeAwaited() async throws {
        try await withDeadline {
            let port = ManualPort()
            let waiter = Task { await port.waitForJobs(2) }
            port.post {}
            port.post {}
            await waiter.value
            #expect(port.drain() == 2)
        }
    }

    @Test func waitingForSleepersOrJobsEndsWithTheTask() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let port = ManualPort()
            let waiters = [Task { await clock.waitForSleepers(1) }, Task { await port.waitForJobs(1) }]
            for waiter in waiters { waiter.cancel() }
            for waiter in waiters { await waiter.value }
        }
    }
}
