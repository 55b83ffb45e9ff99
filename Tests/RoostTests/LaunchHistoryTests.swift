import Testing

@testable import Roost

/// G7, the part of it that is a rule: what crashed starts mean for the next one.
@Suite struct LaunchHistoryTests {
    @Test func aStageIsSkippedAfterTwoCrashesInARow() {
        var history = LaunchHistory()
        history.crashed(in: ["decoder check"])
        #expect(history.crashesThatSkip("decoder check") == nil)
        history.crashed(in: ["decoder check"])
        #expect(history.crashesThatSkip("decoder check") == 2)
        #expect(history.crashesThatSkip("cache folder") == nil)
    }

    @Test func aStageThatIsDoneBreaksTheRow() {
        var history = LaunchHistory()
        history.crashed(in: ["decoder check"])
        history.left("decoder check", .late)
        history.crashed(in: ["main window"])
        history.crashed(in: ["decoder check"])
        #expect(history.crashesThatSkip("decoder check") == nil)
        history.left("decoder check", .failed("for a reason"))
        #expect(history.stageCrashes["decoder check"] == 1)
    }

    @Test func safeModeIsOfferedAfterThreeCrashedStartsWhereverTheyCrashed() {
        var history = LaunchHistory()
        for stage in ["a", "b"] { history.crashed(in: [stage]) }
        #expect(!history.offersSafeMode)
        history.crashed(in: [])
        #expect(history.offersSafeMode)
    }

    @Test func oneCleanStartResetsIt() {
        var history = LaunchHistory(crashedStarts: 4, stageCrashes: ["a": 1])
        history.launched(.normal)
        #expect(history == LaunchHistory())
    }

    @Test func aStartInSafeModeShowsNothingAboutTheNextNormalOne() {
        var history = LaunchHistory(crashedStarts: 4, stageCrashes: ["a": 2])
        history.launched(.safe)
        #expect(history == LaunchHistory(crashedStarts: 4, stageCrashes: ["a": 2], hasStartedSafely: true))
        #expect(history.offersSafeMode)
    }

    @Test func nobodyThereMeansSafeModeAndThenOneNormalStart() {
        var history = LaunchHistory(crashedStarts: 3)
        #expect(history.unattendedAnswer == .safeMode)
        history.launched(.safe)
        #expect(history.unattendedAnswer == .startNormally)
        history.crashed(in: ["a"])
        #expect(history.unattendedAnswer == .safeMode)
        history.launched(.safe)
        history.launched(.normal)
        #expect(history == LaunchHistory())
    }

    @Test func aStageThatWasSkippedGetsOneMoreTryAfterACleanStart() {
        var history = LaunchHistory(crashedStarts: 2, stageCrashes: ["a": 2])
        history.launched(.normal)
        #expect(history.crashesThatSkip("a") == nil)
        history.crashed(in: ["a"])
        #expect(history.crashesThatSkip("a") == 2)
    }
}
