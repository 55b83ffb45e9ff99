import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// A start in stages as somebody sees it: the splash, the window that asks, and what follows from each answer.
@Suite(.serialized, .timeLimit(.minutes(5))) struct StartTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    private func start(_ arguments: String...) throws -> WindowedRun {
        try WindowedRun("odd-window", ["start"] + arguments, on: desktop, reader)
    }

    private func expectEnd(_ run: WindowedRun, _ status: Int32, sourceLocation: SourceLocation = #_sourceLocation) {
        run.program.waitForEnd(within: .seconds(20))
        #expect(run.program.ending == .exited(status), "\(run.program.everything)", sourceLocation: sourceLocation)
        #expect(run.complaint == nil, sourceLocation: sourceLocation)
    }

    private func waitForTitle(_ title: String, _ run: WindowedRun) throws {
        try #require(
            run.program.wait(for: .seconds(20)) { run.windows.map(\.title) == [title] || run.program.ending != nil })
        try #require(run.windows.map(\.title) == [title], "\(run.windows) \(run.program.everything)")
    }

    @Test func theSplashIsThereUntilTheMainWindowIs() throws {
        let folder = try Workspace()
        let run = try start("wait", folder.path("go on"))
        try waitForTitle("Odd Window", run)
        try #require(run.waitForLabel("cache folder (2 of 5)"), "\(run.labels)")
        #expect(try reader.items(of: run.program.process).contains { $0.name == "Start of Odd Window" })
        try Data().write(to: URL(fileURLWithPath: folder.path("go on")))
        try waitForTitle("Main", run)
        run.waitForWords("Odd Window started in ")
        run.waitForWords("'decoder check' skipped after ")
        #expect(run.waitForLabel("It runs in normal mode."))
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    @Test func aSplashThatIsClosedEndsTheProgram() throws {
        let run = try start("wait", "/nowhere")
        try waitForTitle("Odd Window", run)
        run.waitForWords("cache folder begun")
        run.close(run.windows[0])
        run.waitForWords("Odd Window was stopped while it started")
        expectEnd(run, 0)
        #expect(run.program.outputText.contains("cache folder undone"))
    }

    /// Said before there is a splash.
    @Test func aFirstStageThatIsSkippedIsOnTheSplash() throws {
        let run = try start("skip", "/nowhere")
        try waitForTitle("Odd Window", run)
        #expect(
            run.waitForLabel("'last cache' was skipped: the last 2 starts that ran it crashed in it"), "\(run.labels)")
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    /// Said when the splash has gone.
    @Test func whatCouldNotBeUndoneIsInTheQuestion() throws {
        let run = try start("fail", "1", "badly")
        try waitForTitle("Odd Window cannot start", run)
        #expect(
            run.waitForLabel("'process pool' could not be undone: a process does not go"), "\(run.labels)")
        try run.press("Try again")
        try waitForTitle("Main", run)
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    @Test func aSignalEndsTheStart() throws {
        let run = try start("wait", "/nowhere")
        try waitForTitle("Odd Window", run)
        run.waitForWords("cache folder begun")
        run.program.send(SIGTERM)
        run.program.waitForEnd(within: .seconds(20))
        #expect(run.program.ending == .signalled(SIGTERM), "\(run.program.everything)")
        #expect(run.program.outputText.contains("cache folder undone"))
    }

    @Test func tryAgainGoesOnWhereItFailed() throws {
        let run = try start("fail", "2")
        try waitForTitle("Odd Window cannot start", run)
        try #require(run.waitForLabel("'process pool' failed: there is no process to be had: try number 1"))
        try run.press("Try again", saying: "try number 2")
        try run.press("Try again")
        try waitForTitle("Main", run)
        run.waitForWords("'process pool' done after ")
        run.waitForWords(", attempt 3")
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    @Test func safeModeStartsOver() throws {
        let run = try start("fail", "1")
        try waitForTitle("Odd Window cannot start", run)
        try run.press("Safe mode")
        try waitForTitle("Main", run)
        #expect(run.waitForLabel("It runs in safe mode."))
        #expect(run.program.outputText.contains("process pool undone\ncache folder undone\n"))
        run.waitForWords("started in safe mode")
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    @Test(arguments: ["button", "close button", "key", "Escape"]) func quitUndoesAndEndsTheProgram(_ way: String) throws
    {
        let run = try start("fail", "1")
        try waitForTitle("Odd Window cannot start", run)
        try #require(run.waitForLabel("'process pool' failed"))
        switch way {
        case "button": try run.press("Quit")
        case "key": try reader.type(.alt, "q")
        case "Escape": try reader.tap(.escape)
        default: run.close(run.windows[0])
        }
        expectEnd(run, 75)
        #expect(run.program.outputText.contains("process pool undone\ncache folder undone\nOdd Window did not start"))
    }

    @Test func enterTriesAgain() throws {
        let run = try start("fail", "1")
        try waitForTitle("Odd Window cannot start", run)
        try #require(run.waitForLabel("'process pool' failed"))
        try reader.tap(.enter)
        try waitForTitle("Main", run)
        run.close(run.windows[0])
        expectEnd(run, 0)
    }

    @Test func afterThreeCrashedStartsItAsksFirst() throws {
        let run = try start("crashes")
        try waitForTitle("Odd Window crashed while it was starting", run)
        try #require(run.waitForLabel("The last 3 starts crashed."))
        let buttons = try reader.items(of: run.program.process).filter { $0.role.contains("button") }.map(\.name)
        #expect(buttons == ["Safe mode", "Start normally", "Quit"])
        try run.press("Safe mode")
        try waitForTitle("Main", run)
        #expect(run.waitForLabel("It runs in safe mode."))
        run.close(run.windows[0])
        expectEnd(run, 0)
    }
}
