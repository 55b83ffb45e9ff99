import RoostTesting
import Testing

@testable import Roost

/// The start in stages: who runs where and in which order, and what follows from a failure. One after the other: a program
/// has one start, and the ledger room for sixteen open stages.
@MainActor
@Suite(.serialized) struct LaunchTests {
    @Test func stagesRunInOrderEachWhereItBelongs() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let presenter = ScriptedPresenter()
            let report = await runLaunch(
                [
                    .required("cache folder", within: .seconds(60)) { stage in
                        log.add("\(stage.name) in \(stage.mode) mode, main \(isMainThread)")
                    },
                    .onMain("tray icon", .optional) { mode in
                        MainActor.assertIsolated()
                        log.add("tray icon in \(mode) mode")
                    },
                    .onMain("main window") {
                        log.add("main window, splash \(presenter.isSplashOpen)")
                    },
                ], presenter)
            #expect(
                log.all == [
                    "cache folder in normal mode, main false", "tray icon in normal mode", "main window, splash true",
                ])
            #expect(
                presenter.events == [
                    "show 1/3 cache folder", "show 2/3 tray icon", "show 3/3 main window", "close splash",
                ])
            #expect(report.outcome == .launched)
            #expect(report.isClean)
            #expect(report.stages.map(\.place) == [.worker, .mainActor, .mainActor])
            let times = report.stages.flatMap { [$0.began, $0.ended].compactMap { $0 } } + [report.total]
            #expect(times.count == 7)
            #expect(times == times.sorted())
        }
    }

    @Test func aStubbornStageIsGivenUpAtItsLimitAndNamed() async throws {
        try await withDeadline { @MainActor in
            let clock = ManualClock()
            let (gate, running, isLate, isOver) = (Gate(), Gate(), Gate(), Gate())
            let presenter = ScriptedPresenter()
            let undone = Log<Bool>()
            let report = Task {
                await runLaunch(
                    [
                        .optional("decoder check", within: .seconds(5)) { stage in
                            try stage.checkpoint()
                            running.open()
                            gate.wait()
                            isLate.open()
                            throw TestFailure(text: "much later")
                        } undo: {
                            undone.add(isLate.isOpen)
                        },
                        .onMain("main window") { isOver.open() },
                    ], presenter, time: clock)
            }
            await running.passed()
            // The main actor is free meanwhile: this runs there, too.
            clock.advance(by: .milliseconds(5_499))
            for _ in 0..<10 { await Task.yield() }
            #expect(!isOver.isOpen)
            #expect(presenter.isSplashOpen)
            clock.advance(by: .milliseconds(1))
            let result = await report.value
            #expect(result.outcome == .launched)
            #expect(undone.all == [false])
            let reason = try #require(result.stages[0].outcome.reason)
            #expect(result.stages[0].outcome.kind == "skipped")
            #expect(
                reason.hasPrefix(
                    "it took longer than 5 s, did not stop when it was asked and still runs on thread 'launch-"))
            #expect(reason.contains("'; its last checkpoint was RoostTests/LaunchTests.swift:"))
            #expect(result.notices.count == 1)
            #expect(!presenter.isSplashOpen)
            // What it does later changes nothing.
            let events = presenter.events
            gate.open()
            await isLate.passed()
            #expect(presenter.events == events)
        }
    }

    @Test func aStageThatFollowsTheRequestEndsAtItsLimit() async throws {
        try await withDeadline { @MainActor in
            let clock = ManualClock()
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch(
                    [.optional("slow", within: .seconds(5)) { stage in try stage.sleep(for: .seconds(1_000)) }],
                    presenter, time: clock)
            }
            await clock.waitForSleepers(3)
            clock.advance(by: .seconds(5))
            let result = await report.value
            #expect(result.stages[0].outcome == .skipped("it took longer than 5 s"))
            #expect(result.stages[0].duration == .seconds(5))
            // The scope counts a worker out after its ending is known.
            try await eventually { clock.pending == 0 }
        }
    }

    @Test func aStageOnTheMainActorThatTakesTooLongIsReportedAsLate() async throws {
        try await withDeadline { @MainActor in
            let clock = ManualClock()
            let report = await runLaunch(
                [.onMain("main window", within: .milliseconds(50)) { clock.advance(by: .milliseconds(51)) }],
                ScriptedPresenter(), time: clock)
            #expect(report.stages[0].outcome == .late)
            #expect(report.outcome == .launched)
            #expect("\(report)".contains("'main window' late after 51 ms (50 ms were allowed)"))
        }
    }

    @Test func anOptionalStageThatThrowsIsUndoneAndSkippedWithANotice() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let presenter = ScriptedPresenter()
            let report = await runLaunch(
                [
                    .optional("a", within: .seconds(60)) { _ in
                        log.add("a")
                        throw TestFailure()
                    } undo: {
                        log.add("undo a, main \(isMainThread)")
                    },
                    .onMain("b", .optional) {
                        throw TestFailure()
                    } undo: {
                        MainActor.assertIsolated()
                        log.add("undo b")
                        throw TestFailure(text: "cannot")
                    },
                    .required("c", within: .seconds(60)) { _ in log.add("c") },
                ], presenter)
            #expect(log.all == ["a", "undo a, main false", "undo b", "c"])
            #expect(
                presenter.events == [
                    "show 1/3 a", "notice 'a' was skipped: TestFailure(text: \"on purpose\")", "show 2/3 b",
                    "notice 'b' was skipped: TestFailure(text: \"on purpose\")",
                    "notice 'b' could not be undone: TestFailure(text: \"cannot\")", "show 3/3 c", "close splash",
                ])
            #expect(report.outcome == .launched)
            #expect(report.notices.count == 3)
            #expect(presenter.questions.isEmpty)
        }
    }

    @Test func anUndoThatDoesNotReturnIsGivenUpAtTheLimitOfItsStage() async throws {
        try await withDeadline { @MainActor in
            let clock = ManualClock()
            let (gate, isUndoing) = (Gate(), Gate())
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch(
                    [
                        .optional("a", within: .seconds(5)) { _ in
                            throw TestFailure()
                        } undo: {
                            isUndoing.open()
                            gate.wait()
                        },
                        .onMain("b") {},
                    ], presenter, time: clock)
            }
            await isUndoing.passed()
            clock.advance(by: .milliseconds(5_500))
            let result = await report.value
            gate.open()
            #expect(result.outcome == .launched)
            guard case .failed(let reason)? = result.stages[0].undo else {
                Issue.record("\(result)")
                return
            }
            #expect(
                reason.hasPrefix("it took longer than 5 s, did not stop when it was asked and still runs on thread"))
            #expect(reason.hasSuffix("; it never passed a checkpoint"))
            #expect(result.notices.last?.hasPrefix("'a' could not be undone: it took longer") == true)
        }
    }

    // MARK: A required stage fails

    /// Stages a and b, which can be undone, and c, which fails so often.
    private func stages(failures: Int, _ log: Log<String>) -> [LaunchStage] {
        let left = Locked(failures)
        return [
            .required("a", within: .seconds(60)) { stage in
                log.add("a \(stage.mode)")
            } undo: {
                log.add("undo a")
            },
            .onMain("b", .optional, inSafeMode: true) { mode in
                log.add("b \(mode)")
            } undo: {
                log.add("undo b")
            },
            .optional("x", within: .seconds(60)) { stage in log.add("x \(stage.mode)") },
            .required("c", within: .seconds(60)) { stage in
                log.add("c \(stage.mode)")
                let fails = left.withLock { left in
                    left -= 1
                    return left >= 0
                }
                if fails { throw TestFailure() }
            } undo: {
                log.add("undo c")
            },
        ]
    }

    @Test func tryAgainRunsTheStageAgain() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let presenter = ScriptedPresenter(.tryAgain, .tryAgain)
            let report = await runLaunch(self.stages(failures: 2, log), presenter)
            #expect(
                log.all == ["a normal", "b normal", "x normal"]
                    + ["c normal", "undo c", "c normal", "undo c", "c normal"])
            #expect(report.outcome == .launched)
            #expect(report.stages[3].attempts == 3)
            #expect(report.stages[3].outcome == .done)
            #expect(presenter.questions[0].title == "test cannot start")
            #expect(presenter.questions[0].text == "'c' failed: TestFailure(text: \"on purpose\")")
            #expect(
                presenter.events.filter { $0.hasPrefix("ask") }
                    == .init(repeating: "ask with the splash closed", count: 2))
            #expect(!presenter.isSplashOpen)
        }
    }

    @Test func quitUndoesTheLastFirst() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let journal = MemoryJournal()
            let presenter = ScriptedPresenter(.quit)
            let shutdown = Shutdown(root: WorkRoot())
            let report = await runLaunch(
                self.stages(failures: 1, log), presenter, journal: journal, shutdown: shutdown)
            #expect(log.all.suffix(4) == ["c normal", "undo c", "undo b", "undo a"])
            #expect(report.outcome == .quit)
            #expect(journal.entries.all.last == "gave up")
            #expect(!presenter.isSplashOpen)
            // Nothing is left to undo at the end of the process.
            #expect(shutdown.takeFinalizers().isEmpty)
        }
    }

    @Test func safeModeUndoesAndStartsOver() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let journal = MemoryJournal()
            let presenter = ScriptedPresenter(.safeMode)
            let report = await runLaunch(self.stages(failures: 1, log), presenter, journal: journal)
            #expect(
                log.all == ["a normal", "b normal", "x normal", "c normal", "undo c", "undo b", "undo a"]
                    + ["a safe", "b safe", "c safe"])
            #expect(report.outcome == .safeMode)
            #expect(report.mode == .safe)
            #expect(journal.entries.all.last == "launched safe")
            #expect(!presenter.isSplashOpen)
        }
    }

    // MARK: Earlier crashes

    @Test func aStageThatCrashedTwiceIsSkippedWithANotice() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let presenter = ScriptedPresenter()
            let report = await runLaunch(
                self.stages(failures: 0, log), presenter,
                history: LaunchHistory(crashedStarts: 2, stageCrashes: ["x": 2]))
            #expect(log.all == ["a normal", "b normal", "c normal"])
            #expect(presenter.events.contains("notice 'x' was skipped: the last 2 starts that ran it crashed in it"))
            #expect(report.outcome == .launched)
        }
    }

    @Test func afterThreeCrashedStartsSafeModeIsOffered() async throws {
        try await withDeadline { @MainActor in
            let log = Log<String>()
            let presenter = ScriptedPresenter(.safeMode)
            let report = await runLaunch(
                self.stages(failures: 0, log), presenter, history: LaunchHistory(crashedStarts: 3))
            #expect(log.all == ["a safe", "b safe", "c safe"])
            #expect(presenter.questions.map(\.cause) == [.crashedStarts(3)])
            #expect(presenter.questions[0].answers == [.safeMode, .startNormally, .quit])
            #expect(report.outcome == .safeMode)
        }
    }
}
