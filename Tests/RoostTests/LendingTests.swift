import Testing

@testable import Roost

/// Where the system gives no more threads, the clock's two run what has to be run.
@Suite struct LendingTests {
    /// A clock of its own, one of whose threads runs `body` until the end of the test.
    private final class HeldUp: Sendable {
        let time = SystemTime()
        private let isHeld = Parker()
        private let end = Parker()

        @Sendable func body() {
            isHeld.unpark()
            end.park(until: .now + .seconds(60))
        }

        /// Once `body` runs, `start` must get something to run that calls what it is given.
        func expectToRun(_ start: (@escaping @Sendable () -> Void) -> Void) {
            #expect(isHeld.park(until: .now + .seconds(60)))
            let ran = Parker()
            start { ran.unpark() }
            #expect(ran.park(until: .now + .seconds(30)))
            end.unpark()
        }
    }

    @Test(arguments: [SystemTime.Keeper.timers, .budgets])
    func theOtherOneRunsWhatTheWantedOneDoesNotComeTo(_ wanted: SystemTime.Keeper) {
        let held = HeldUp()
        held.time.lend(wanted, to: held.body)
        held.expectToRun { held.time.lend(wanted, to: $0) }
    }

    @Test func aTimerThatHangsHoldsNobodyUp() {
        let held = HeldUp()
        _ = held.time.schedule(after: .zero, held.body)
        held.expectToRun { held.time.lend(.timers, to: $0) }
    }

    /// Who waits for the end of a body goes on before that has ended, and must not get the thread that hangs.
    @Test(arguments: [SystemTime.Keeper.timers, .budgets])
    func whileBothAreBusyTheFirstThatEndsRunsTheNextOne(_ wanted: SystemTime.Keeper) {
        let held = HeldUp()
        held.time.lend(wanted, to: held.body)
        held.expectToRun { body in
            held.time.lend(wanted) { [time = held.time] in time.lend(wanted, to: body) }
        }
    }

    @Test func eachRunsOnce() {
        let time = SystemTime()
        let log = Log<Int>()
        let ran = Parker()
        time.lend(.timers) {
            for number in 1...20 {
                time.lend(.timers) {
                    log.add(number)
                    if log.all.count == 20 { ran.unpark() }
                }
            }
            // The other one, too, comes for them.
            Parker().park(until: .now + .milliseconds(30))
        }
        #expect(ran.park(until: .now + .seconds(30)))
        #expect(log.all.sorted() == Array(1...20))
    }
}
