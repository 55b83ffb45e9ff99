import Testing

@testable import Roost

@Suite struct StopTreeTests {
    @Test func theFirstReasonWins() {
        let source = StopSource()
        let token = source.token
        #expect(!token.isStopped)
        #expect(token.reason == nil)
        #expect(source.stop(.requested("first")))
        #expect(!source.stop(.windowClosed))
        #expect(token.isStopped)
        #expect(token.reason == .requested("first"))
        #expect(throws: StopError(.requested("first"))) { try token.check() }
    }

    @Test func aStopReachesEverythingBelowAndNothingBeside() {
        let root = StopSource()
        let left = StopSource(parent: root.token)
        let leaf = StopSource(parent: left.token)
        let right = StopSource(parent: root.token)
        left.stop(.windowClosed)
        #expect(leaf.token.reason == .parentStopped(.windowClosed))
        #expect(leaf.token.reason?.origin == .windowClosed)
        #expect(!right.token.isStopped)
        #expect(!root.token.isStopped)
        root.stop(.deadline)
        #expect(right.token.reason == .parentStopped(.deadline))
        #expect(left.token.reason == .windowClosed, "the first reason stays")
        #expect(leaf.token.reason == .parentStopped(.windowClosed))
    }

    @Test func theReasonOfAGrandparentIsWrappedOnce() {
        let root = StopSource()
        let middle = StopSource(parent: root.token)
        let leaf = StopSource(parent: middle.token)
        root.stop(.signal(15))
        #expect(leaf.token.reason == .parentStopped(.signal(15)))
        #expect("\(leaf.token.reason!)" == "signal SIGTERM")
    }

    @Test func belowAStoppedParentEverythingStartsStopped() {
        let root = StopSource()
        root.stop(.deadline)
        let child = StopSource(parent: root.token)
        #expect(child.token.reason == .parentStopped(.deadline))
        #expect(!child.stop())
    }

    @Test func aTokenKeepsItsPlaceInTheTree() {
        let root = StopSource()
        let token = StopSource(parent: StopSource(parent: root.token).token).token
        root.stop(.deadline)
        #expect(token.isStopped, "the sources in between are gone, the token still hears of it")
    }

    @Test func droppingASourceStopsNobody() {
        let root = StopSource()
        let token = StopSource(parent: root.token).token
        #expect(!token.isStopped)
        #expect(root.token.node.children.count == 1)
    }

    @Test func callbacksRunOnceWithTheReasonInOrder() {
        let source = StopSource()
        let log = Log<String>()
        source.token.onStop { log.add("a \($0)") }
        source.token.onStop { log.add("b \($0)") }
        source.stop(.deadline)
        source.stop(.windowClosed)
        #expect(log.all == ["a deadline passed", "b deadline passed"])
        source.token.onStop { log.add("late \($0)") }
        #expect(log.all.last == "late deadline passed", "at once, for one that came after the stop")
    }

    @Test func allFlagsAreSetBeforeTheFirstCallback() {
        let root = StopSource()
        let leaves = (0..<10).map { _ in StopSource(parent: root.token) }
        let seen = Log<Int>()
        let tokens = leaves.map(\.token)
        root.token.onStop { _ in seen.add(tokens.count { $0.isStopped }) }
        root.stop()
        #expect(seen.all == [10])
    }

    @Test func aRemovedCallbackNeverRuns() {
        let source = StopSource()
        let log = Log<Int>()
        let registration = source.token.onStop { _ in log.add(1) }
        source.token.onStop { _ in log.add(2) }
        registration.remove()
        registration.remove()
        source.stop()
        #expect(log.all == [2])
    }

    @Test func aCallbackMayRemoveItselfAndOthers() {
        let source = StopSource()
        let log = Log<Int>()
        let own = Locked<StopRegistration?>(nil)
        let other = Locked<StopRegistration?>(nil)
        let first = source.token.onStop { _ in
            own.withLock { $0 }?.remove()
            other.withLock { $0 }?.remove()
            log.add(1)
        }
        own.withLock { $0 = first }
        let second = source.token.onStop { _ in log.add(2) }
        other.withLock { $0 = second }
        source.stop()
        #expect(log.all == [1])
        own.withLock { $0 = nil }
        other.withLock { $0 = nil }
    }

    @Test func removeWaitsForACallbackThatRunsElsewhere() async throws {
        try await withDeadline {
            let source = StopSource()
            let running = Gate()
            let release = Gate()
            let log = Log<String>()
            let registration = source.token.onStop { _ in
                running.open()
                release.wait()
                log.add("callback ends")
            }
            let stopper = inBackground { _ = source.stop() }
            await running.passed()
            let remover = inBackground {
                registration.remove()
                log.add("remove returns")
            }
            try await eventually { registration.removerCount == 1 }
            release.open()
            try await stopper.value
            try await remover.value
            #expect(log.all == ["callback ends", "remove returns"])
        }
    }

    @Test func stopAndRemoveFromManyThreadsNeverLoseOrDouble() async throws {
        try await withDeadline {
            for _ in 0..<scaled(200) {
                let source = StopSource()
                let fired = Log<Int>()
                let removed = Log<Int>()
                let registrations = (0..<8).map { number in source.token.onStop { _ in fired.add(number) } }
                let stopper = inBackground { _ = source.stop() }
                let remover = inBackground {
                    for (number, registration) in registrations.enumerated().reversed() {
                        registration.remove()
                        let before = fired.all.filter { $0 == number }.count
                        if before == 0 { removed.add(number) }
                    }
                }
                try await stopper.value
                try await remover.value
                #expect(Set(fired.all).count == fired.count, "a callback ran twice")
                #expect(Set(fired.all).isDisjoint(with: removed.all), "a callback ran after remove had returned")
                #expect(fired.count + removed.count == 8)
            }
        }
    }
}
