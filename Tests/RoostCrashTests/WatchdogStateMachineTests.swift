import Testing

@testable import RoostCrash

@Suite struct WatchdogStateMachineTests {
    /// A watchdog and its clocks: 200 ms, a beat every 100 ms.
    private struct Watch {
        var machine = WatchdogStateMachine(threshold: .milliseconds(200), mostPerMinute: 3)
        var running = Duration.seconds(1_000)
        var all = Duration.seconds(5_000)
        var until: Duration?
        var answered: UInt32 = 0
        var beats: UInt32 = 0
        var isTraced = false
        var answers = true

        private var time: WatchdogStateMachine.Time { .init(running: running, all: all) }

        /// Sleeps until it is due, and `late` longer, of that `suspended` on one clock only.
        mutating func turn(late: Duration = .zero, suspended: Duration = .zero) -> [WatchdogStateMachine.Action] {
            if let until {
                let passed = max(.zero, until - running) + late
                running += passed
                all += passed + suspended
            }
            let isTraced = isTraced
            let actions = machine.tick(time, answered: answered) { isTraced }
            for case .beat(let number) in actions {
                beats = number
                if answers { answered = number }
            }
            until = machine.sleeps(from: time)
            return actions
        }

        mutating func arm() {
            for _ in 0..<3 { _ = turn() }
        }
    }

    private func tells(_ actions: [WatchdogStateMachine.Action]) -> Bool {
        actions.contains { if case .tell = $0 { true } else { false } }
    }

    @Test func whoAnswersIsNeverTold() {
        var watch = Watch()
        for _ in 0..<1_000 {
            let actions = watch.turn()
            #expect(!tells(actions))
        }
        // A beat each 100 ms, and no more turns than beats but for the first one.
        #expect(watch.beats == 1_000)
    }

    @Test func whoNeverHadALoopDoesNotHang() {
        var watch = Watch()
        watch.answers = false
        for _ in 0..<100 {
            let actions = watch.turn()
            #expect(!tells(actions))
        }
        #expect(watch.beats == 1)
    }

    @Test func aHangIsToldOnceAndItsEndOnce() {
        var watch = Watch()
        watch.arm()
        watch.answers = false
        #expect(watch.turn() == [.beat(4)])
        #expect(watch.turn() == [])
        #expect(watch.turn() == [.tell(hang: 1, lasted: .milliseconds(200), untold: 0)])
        #expect(watch.machine.awaitsEnd)
        for _ in 0..<10 {
            #expect(watch.turn() == [])
        }
        watch.answered = watch.beats
        watch.answers = true
        #expect(watch.turn() == [.tellEnd(hang: 1, lasted: .milliseconds(1_300)), .beat(5)])
        #expect(!watch.machine.awaitsEnd)
        #expect(watch.turn() == [.beat(6)])
    }

    @Test(arguments: [0, 1, 2]) func aStoppedProcessDoesNotHang(_ turns: Int) {
        var watch = Watch()
        watch.arm()
        for _ in 0..<turns { _ = watch.turn() }
        // The answer to the last beat is not there: the main thread stands still as well.
        watch.answers = false
        _ = watch.turn()
        let afterwards = watch.turn(late: .seconds(2))
        #expect(!tells(afterwards))
        let soon = watch.turn()
        #expect(!tells(soon))
        // It has its whole time from then on, and no more.
        let later = watch.turn()
        #expect(tells(later))
    }

    @Test func aSuspendDoesNotCount() {
        var watch = Watch()
        watch.arm()
        watch.answers = false
        _ = watch.turn()
        let woken = watch.turn(late: .milliseconds(90), suspended: .seconds(3_600))
        let soon = watch.turn()
        #expect(!tells(woken) && !tells(soon))
    }

    @Test func timeThatAHangStoodStillDoesNotCount() {
        var watch = Watch()
        watch.arm()
        watch.answers = false
        for _ in 0..<3 { _ = watch.turn() }
        _ = watch.turn(late: .seconds(30))
        watch.answered = watch.beats
        #expect(watch.turn().first == .tellEnd(hang: 1, lasted: .milliseconds(400)))
    }

    @Test func underADebuggerNothingIsTold() {
        var watch = Watch()
        watch.arm()
        watch.answers = false
        watch.isTraced = true
        for _ in 0..<20 {
            let actions = watch.turn()
            #expect(!tells(actions))
        }
        watch.isTraced = false
        var told = 0
        for _ in 0..<4 {
            let actions = watch.turn()
            told += tells(actions) ? 1 : 0
        }
        #expect(told == 1)
    }

    @Test func aStormIsBoundedAndCounted() {
        var watch = Watch()
        watch.arm()
        var told: [WatchdogStateMachine.Action] = []
        func hang() {
            watch.answers = false
            for _ in 0..<3 { told += watch.turn() }
            watch.answers = true
            watch.answered = watch.beats
            told += watch.turn()
        }
        for _ in 0..<10 { hang() }
        #expect(told.count { if case .tell = $0 { true } else { false } } == 3)
        #expect(told.count { if case .tellEnd = $0 { true } else { false } } == 3)
        #expect(watch.machine.allUntold == 7)
        // A minute later it tells again, and how many it did not.
        for _ in 0..<700 { _ = watch.turn() }
        told = []
        hang()
        #expect(told.contains { if case .tell(_, _, let untold) = $0 { untold == 7 } else { false } })
    }
}
