import Testing

@testable import Roost

@Suite struct LentThreadsTests {
    @Test func aBodyGetsTheWantedThreadOrElseTheOtherOne() {
        var threads = LentThreads<String>()
        #expect(threads.lend(.budgets, to: "first") == .budgets)
        #expect(threads.lend(.budgets, to: "second") == .timers)
        #expect(threads.next(for: .budgets) == nil)
        #expect(threads.lend(.timers, to: "third") == .budgets)
    }

    /// Who waits for the end of a body goes on before its thread is free again, and must not get the one that hangs.
    @Test func whileBothRunABodyTheFirstThatEndsRunsTheNextOne() {
        for (stuck, ends) in [(.budgets, .timers), (.timers, .budgets)]
            as [(SystemTime.Keeper, SystemTime.Keeper)]
        {
            var threads = LentThreads<String>()
            #expect(threads.lend(stuck, to: "hangs") == stuck)
            #expect(threads.lend(ends, to: "ends") == ends)
            #expect(threads.lend(stuck, to: "flush") == nil)
            #expect(threads.lend(stuck, to: "goodbye") == nil)
            #expect(threads.next(for: ends) == "flush")
            #expect(threads.next(for: ends) == "goodbye")
            #expect(threads.next(for: ends) == nil)
            #expect(threads.lend(stuck, to: "later") == ends)
        }
    }
}
