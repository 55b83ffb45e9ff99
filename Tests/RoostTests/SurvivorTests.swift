import RoostTesting
import Testing

@testable import Roost

/// What was declared to go with a scope and did not is named. The hook is the process's, so these run one after the other, and
/// each looks for its own scope's name only.
@Suite(.serialized) struct SurvivorTests {
    private static let log = Log<Survivor>()

    private static let installed: Void = Survivor.handle { log.add($0) }

    init() { Self.installed }

    private func seen(_ scope: String) -> [Survivor] { Self.log.all.filter { $0.scope == scope } }

    /// Holds itself, until it is told not to.
    private final class Album: Sendable {
        private let own = Locked<Album?>(nil)
        private let atEnd: @Sendable () -> Void

        init(leaks: Bool, atEnd: @escaping @Sendable () -> Void = {}) {
            self.atEnd = atEnd
            if leaks { own.withLock { $0 = self } }
        }

        deinit { atEnd() }

        func breakCycle() {
            let album = own.withLock { $0.take() }
            withExtendedLifetime(album) {}
        }
    }

    private struct Weakly: Sendable {
        weak let album: Album?

        init(_ album: Album) { self.album = album }
    }

    private func leak() -> Weakly {
        let album = Album(leaks: true)
        return Weakly(album)
    }

    @Test func aCycleIsNamedWithItsAgeAndWhatGoesIsNot() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("survivor: cycle", time: clock)
            let leaked = leak()
            let kept = Album(leaks: false)
            do {
                let album = try #require(leaked.album)
                scope.expectsGone(album, "album")
                scope.expectsGone(Album(leaks: false), "page")
                scope.expectsGone(kept, "kept elsewhere", within: .seconds(3))
            }
            clock.advance(by: .seconds(5))
            #expect(clock.pending == 0, "an open scope expects nothing")
            await scope.close()
            try await eventually { clock.pending == 3 }
            clock.advance(by: .milliseconds(999))
            #expect(seen("survivor: cycle").isEmpty)
            clock.advance(by: .milliseconds(1))
            let album = try #require(seen("survivor: cycle").first)
            #expect(seen("survivor: cycle").count == 1)
            #expect(album.name == "album" && album.age == .seconds(6) && album.overdue == .seconds(1))
            #expect(
                "\(album)" == "'album' of 'survivor: cycle' is still there 1 s after the close; it was declared 6 s ago"
            )
            clock.advance(by: .seconds(2))
            #expect(seen("survivor: cycle").map(\.name) == ["album", "kept elsewhere"])
            // In the report are those that are there at that moment, as old as they are then.
            clock.advance(by: .seconds(10))
            #expect(scope.core.root.survivors.current.map(\.overdue) == [.seconds(13), .seconds(13)])
            leaked.album?.breakCycle()
            try await eventually { leaked.album == nil }
            #expect(scope.core.root.survivors.current.map(\.name) == ["kept elsewhere"])
            withExtendedLifetime(kept) {}
        }
    }

    @Test func closedTwiceItIsNamedOnce() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("survivor: twice", time: clock)
            let album = Album(leaks: false)
            scope.expectsGone(album, "album")
            await scope.close()
            scope.cut()
            await scope.close()
            try await eventually { clock.pending == 1 }
            clock.advance(by: .seconds(10))
            scope.cut()
            clock.advance(by: .seconds(10))
            #expect(seen("survivor: twice").count == 1)
            // What is declared now is late at once, and has its time all the same.
            scope.expectsGone(album, "declared after the close")
            #expect(clock.pending == 1)
            clock.advance(by: .seconds(1))
            #expect(seen("survivor: twice").map(\.name) == ["album", "declared after the close"])
            #expect(seen("survivor: twice").last?.age == .seconds(1))
            withExtendedLifetime(album) {}
        }
    }

    @Test func aScopeThatIsDroppedExpectsTheSame() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let album = Album(leaks: false)
            do {
                let scope = makeScope("survivor: dropped", time: clock)
                scope.expectsGone(album, "album")
            }
            try await eventually { clock.pending == 1 }
            clock.advance(by: .seconds(1))
            #expect(seen("survivor: dropped").map(\.name) == ["album"])
            withExtendedLifetime(album) {}
        }
    }

    @Test func theTimeBeginsWhenTheLastWorkerHasItsEnding() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("survivor: worker", budget: .seconds(2), time: clock)
            let album = Album(leaks: false)
            let (running, gate) = (Gate(), Gate())
            scope.start("holds it") { [album] _ in
                running.open()
                gate.wait()
                withExtendedLifetime(album) {}
            }
            scope.expectsGone(album, "album")
            await running.passed()
            scope.cut()
            try await eventually { clock.pending == 1 }
            // The budget is over: the worker is abandoned, and still holds the object.
            clock.advance(by: .seconds(2))
            try await eventually { clock.pending == 1 }
            clock.advance(by: .milliseconds(999))
            #expect(seen("survivor: worker").isEmpty)
            clock.advance(by: .milliseconds(1))
            #expect(seen("survivor: worker").map(\.overdue) == [.seconds(1)])
            gate.open()
        }
    }

    @Test func aCloseThatIsCalledOffExpectsNothing() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("survivor: kept open", time: clock)
            let album = Album(leaks: false)
            scope.expectsGone(album, "album")
            let settled = Gate()
            scope.beginClosing(on: .mainActor) { _ in settled.open() }
            await settled.passed()
            expect(scope.takeCloseBack())
            clock.advance(by: .seconds(60))
            #expect(clock.pending == 0 && seen("survivor: kept open").isEmpty)
            await scope.close()
            try await eventually { clock.pending == 1 }
            clock.advance(by: .seconds(1))
            #expect(seen("survivor: kept open").count == 1)
            withExtendedLifetime(album) {}
        }
    }

    @Test func whatALookFoundEndsOnTheMainThread() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let scope = makeScope("survivor: main", time: clock)
            let (held, free, ended) = (Gate(), Gate(), Gate())
            // proof: whether it holds is what is tested; anywhere else it ends the test run.
            var album: Album? = Album(leaks: false) { MainActor.assumeIsolated { ended.open() } }
            scope.expectsGone(try #require(album), "album")
            await scope.close()
            try await eventually { clock.pending == 1 }
            // The main thread is busy: the last of all other references goes while the look has one.
            TaskPort.main.post {
                held.open()
                free.wait()
            }
            await held.passed()
            clock.advance(by: .seconds(1))
            album = nil
            #expect(seen("survivor: main").count == 1 && !ended.isOpen)
            free.open()
            await ended.passed()
        }
    }

    @Test func manyThatGoAreForgotten() async throws {
        try await withDeadline {
            let scope = makeScope("survivor: many")
            for _ in 0..<1_000 { scope.expectsGone(Album(leaks: false), "dialog") }
            #expect(scope.core.state.withLock { $0.expected.count } <= 64)
            await scope.close()
        }
    }

    @Test func declaringAndClosingAtOnceNamesEachOnce() async throws {
        try await withDeadline {
            let album = Album(leaks: false)
            for round in 0..<50 {
                let name = "survivor: race \(round)"
                let scope = makeScope(name)
                let pool = scope.pool
                for _ in 0..<4 {
                    _ = pool.submit { scope.expectsGone(album, "album", within: .milliseconds(1)) }
                }
                scope.cut()
                try await eventually { seen(name).count == 4 }
            }
            withExtendedLifetime(album) {}
        }
    }

    @Test func openWindowsAreAskedForOnTheMainThreadAndNotWaitedForWithoutEnd() async throws {
        try await withDeadline {
            let shutdown = Shutdown(root: WorkRoot())
            #expect(shutdown.openWindows(within: .seconds(10)) == nil)
            shutdown.addOpenWindowsSource { ["Task Window", ""] }
            #expect(shutdown.openWindows(within: .seconds(10)) == ["Task Window", ""])
            let (held, free) = (Gate(), Gate())
            TaskPort.main.post {
                held.open()
                free.wait()
            }
            await held.passed()
            #expect(shutdown.openWindows(within: .milliseconds(20)) == nil)
            free.open()
        }
    }

    /// Whoever looks whether it has gone holds it for a moment, and may be the last. Its end, code of the user's, may look again: with
    /// the lock of the look held that would wait for ever.
    @Test func anObjectMayEndWhileSomebodyLooks() async throws {
        try await withDeadline {
            for _ in 0..<300 {
                let end = Locked<ExpectedEnd?>(nil)
                let ended = Gate()
                let album = Locked<Album?>(
                    Album(leaks: false) {
                        _ = end.withLock { $0 }?.isGone
                        ended.open()
                    })
                let expected = try #require(
                    album.withLock { album in
                        album.map { ExpectedEnd($0, name: "album", scope: "ends", grace: .zero, now: .now) }
                    })
                end.withLock { $0 = expected }
                let isLooking = Gate()
                let look = inBackground {
                    repeat { isLooking.open() } while !expected.isGone
                }
                await isLooking.passed()
                do {
                    let taken = album.withLock { $0.take() }
                    withExtendedLifetime(taken) {}
                }
                try await look.value
                await ended.passed()
            }
        }
    }
}
