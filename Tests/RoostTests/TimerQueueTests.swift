import Testing

@testable import Roost

@Suite struct TimerQueueTests {
    private func time(_ nanoseconds: Int64) -> MonotonicTime { MonotonicTime(nanoseconds: nanoseconds) }

    private func fire(_ queue: inout TimerQueue, at now: Int64) {
        for action in queue.due(at: time(now)) { action() }
    }

    private func wasPending(_ queue: inout TimerQueue, _ id: UInt64) -> Bool { queue.cancel(id) != nil }

    @Test func firesInOrderOfDeadlineThenOfArrival() {
        var queue = TimerQueue()
        let fired = Log<UInt64>()
        for (id, deadline) in [(1, 50), (2, 10), (3, 50), (4, 30), (5, 10)] as [(UInt64, Int64)] {
            queue.insert(deadline: time(deadline), id: id) { fired.add(id) }
        }
        #expect(queue.next == time(10))
        fire(&queue, at: 9)
        #expect(fired.all.isEmpty)
        fire(&queue, at: 30)
        #expect(fired.all == [2, 5, 4])
        #expect(queue.next == time(50))
        fire(&queue, at: 1_000)
        #expect(fired.all == [2, 5, 4, 1, 3])
        #expect(queue.next == nil)
    }

    @Test func aCancelledTimerNeverFiresAndIsNotWaitedFor() {
        var queue = TimerQueue()
        let fired = Log<UInt64>()
        for id: UInt64 in 1...3 { queue.insert(deadline: time(Int64(id) * 10), id: id) { fired.add(id) } }
        expect(wasPending(&queue, 1))
        expect(!wasPending(&queue, 1))
        #expect(queue.next == time(20))
        expect(wasPending(&queue, 3))
        fire(&queue, at: 1_000)
        #expect(fired.all == [2])
        #expect(queue.next == nil)
        expect(!wasPending(&queue, 2), "it has fired")
    }

    @Test func aCancelledTimerLetsGoOfWhatItCaptured() {
        let census = Census()
        var queue = TimerQueue()
        queue.insert(deadline: time(1), id: 1) {}
        do {
            let member = census.makeMember()
            queue.insert(deadline: time(100), id: 2) { member.touch() }
        }
        #expect(census.count == 1)
        _ = queue.cancel(2)
        #expect(census.count == 0)
    }

    @Test func budgetsAreKnownAndPostponed() {
        var queue = TimerQueue()
        let fired = Log<String>()
        queue.insert(deadline: time(10), id: 1, isBudget: true) { fired.add("budget") }
        queue.insert(deadline: time(20), id: 2) { fired.add("timer") }
        #expect(queue.hasBudgets)
        queue.postponeBudgets(by: .nanoseconds(100))
        fire(&queue, at: 50)
        #expect(fired.all == ["timer"])
        fire(&queue, at: 110)
        #expect(fired.all == ["timer", "budget"])
        #expect(!queue.hasBudgets)
        queue.insert(deadline: time(10), id: 3, isBudget: true) {}
        _ = queue.cancel(3)
        #expect(!queue.hasBudgets, "a cancelled budget keeps nobody awake")
    }

    @Test func staysSortedThroughManyInsertionsAndCancellations() {
        var generator = SeededGenerator(seed: 7)
        var queue = TimerQueue()
        let fired = Log<Int64>()
        var expected: [Int64] = []
        for id: UInt64 in 1...2_000 {
            let deadline = Int64.random(in: 0..<10_000, using: &generator)
            queue.insert(deadline: time(deadline), id: id) { fired.add(deadline) }
            if Bool.random(using: &generator) { _ = queue.cancel(id) } else { expected.append(deadline) }
        }
        #expect(queue.count == expected.count)
        for now: Int64 in stride(from: 0, through: 10_000, by: 500) { fire(&queue, at: now) }
        #expect(fired.all == expected.sorted())
        #expect(queue.count == 0)
    }
}
