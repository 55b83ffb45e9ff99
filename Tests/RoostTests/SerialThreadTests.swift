import RoostTesting
import Testing

@testable import Roost

@Suite("Serial thread", .timeLimit(.minutes(2)))
struct SerialThreadTests {
    private actor Device {
        let thread = SerialThread("device")
        nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }
        private var calls = 0

        func call() -> (isOnThread: Bool, calls: Int) {
            calls += 1
            return (thread.isCurrent, calls)
        }
    }

    @Test("an actor lives on the thread")
    func actor() async {
        let device = Device()
        for n in 1...100 {
            let (isOnThread, calls) = await device.call()
            #expect(isOnThread && calls == n)
        }
        #expect(!device.thread.isCurrent)
    }

    @Test("closures run there in order, one at a time, and their results and errors come back")
    func order() async throws {
        struct Refused: Error {}
        let thread = SerialThread("ordered")
        let seen = Locked<[Int]>([])
        for n in 0..<1_000 { thread.post { seen.withLock { $0.append(n) } } }
        let count = try await thread.run { seen.withLock { $0.count } }
        #expect(count == 1_000)
        #expect(seen.withLock { $0 } == Array(0..<1_000))
        await #expect(throws: Refused.self) { try await thread.run { throw Refused() } }
    }

    @Test("timers run on the thread and stop with the close")
    func timers() async {
        let clock = ManualClock()
        let thread = SerialThread("timed", time: clock)
        let fired = Locked(0)
        thread.every(.milliseconds(10)) { fired.withLock { $0 += thread.isCurrent ? 1 : 1_000 } }
        for n in 1...3 {
            await clock.waitForSleepers(1)
            clock.advance(by: .milliseconds(10))
            while fired.withLock({ $0 }) < n { await Task.yield() }
        }
        #expect(fired.withLock { $0 } == 3)
        #expect(await thread.close())
        clock.advance(by: .seconds(1))
        #expect(fired.withLock { $0 } == 3)
    }

    @Test("the close runs what is queued, then refuses")
    func close() async {
        let thread = SerialThread("closing")
        let ran = Locked(0)
        for _ in 0..<100 { thread.post { ran.withLock { $0 += 1 } } }
        #expect(await thread.close())
        #expect(ran.withLock { $0 } == 100)
        await #expect(throws: SerialThreadError(thread: "closing")) { try await thread.run {} }
    }

    @Test("a close past its budget says so, and the job still ends")
    func lateClose() async {
        let clock = ManualClock()
        let thread = SerialThread("late", time: clock)
        let gate = Parker()
        let ended = OneShot<Void>()
        thread.post {
            gate.park()
            ended.resolve(())
        }
        async let isInTime = thread.close(within: .seconds(2))
        await clock.waitForSleepers(1)
        clock.advance(by: .seconds(2))
        #expect(await isInTime == false)
        gate.unpark()
        await ended.value
    }

    @Test("an actor used after the close still works")
    func actorAfterClose() async {
        let device = Device()
        _ = await device.call()
        await device.thread.close()
        let (isOnThread, calls) = await device.call()
        #expect(isOnThread && calls == 2)
    }
}
