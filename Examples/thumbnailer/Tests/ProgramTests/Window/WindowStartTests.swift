#if Window
import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// From the splash to the window, and what happens when a stage in between does not come to its end.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowStartTests {
    private let screen: WindowedThumbnailer
    private static let main = "Roost Thumbnailer"
    private static let splash = "Thumbnailer"
    private static let question = "Thumbnailer cannot start"

    init() throws { screen = try WindowedThumbnailer() }

    private func titles(_ run: WindowedProgram) -> [String] { run.windows.map(\.title) }

    @Test func theSplashComesAndGoes() throws {
        let run = try screen.open()
        var seen: Set<String> = []
        // Busy until then: it is not there for long.
        while !seen.contains(Self.main), run.program.isAlive { seen.formUnion(titles(run)) }
        #expect(seen == [Self.splash, Self.main], "\(seen)")
        #expect(run.waitForLabel("1 made, "), "\(run.program.everything)")
        #expect(run.program.wait(for: .seconds(5)) { titles(run) == [Self.main] }, "\(titles(run))")
        // A thread in the background writes it down: four stages, each done.
        let folder = "state/thumbnailer/roost/timelines"
        func names() -> [String] { run.workspace.files(below: folder).filter { $0.hasSuffix("-start.svg") } }
        #expect(run.program.wait(for: .seconds(20)) { !names().isEmpty })
        #expect(names().count == 1)
        let picture = run.workspace.text(of: "\(folder)/\(names().first ?? "")") ?? ""
        for stage in ["cache folder", "decoder check", "process pool", "main window"] {
            #expect(picture.contains(stage))
        }
        screen.end(run)
    }

    /// A stage that hangs: the splash says which, and stays a window that can be closed.
    @Test func aSplashThatIsClosedEndsTheProgram() throws {
        let run = try screen.open("--fail-stage", "process pool=hang")
        try #require(run.waitForLabel("process pool (3 of 4)", within: .seconds(20)), "\(run.labels)")
        #expect(titles(run) == [Self.splash])
        run.close()
        // One that looks at no token is late.
        #expect(run.program.waitForEnd(within: .seconds(15)) == .exited(70), "\(run.program.everything)")
        #expect(run.program.errorText.contains("late: 'process pool'"), "\(run.program.errorText)")
        #expect(run.complaint == nil)
    }

    @Test(arguments: ["decoder check", "process pool", "decoder check=hang"])
    func anOptionalStageThatFailsIsANotice(_ stage: String) throws {
        let run = try screen.open("--fail-stage", stage)
        let name = stage.prefix { $0 != "=" }
        #expect(run.waitForLabel("'\(name)' was skipped: "), "\(run.labels)")
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        try screen.reader.press("Dismiss", of: run.program.process)
        #expect(run.program.wait { !run.labels.contains { $0.contains("was skipped") } }, "\(run.labels)")
        if stage.hasSuffix("hang") {
            // It still does.
            run.close()
            #expect(run.program.waitForEnd(within: .seconds(15)) == .exited(70), "\(run.program.everything)")
        } else {
            screen.end(run)
        }
    }

    /// A file is where the folder should be; somebody looks, and removes it.
    @Test func afterARepairTryAgainGoesOn() throws {
        try screen.thumbnailer.workspace.write("no folder", to: "out")
        let run = try screen.open()
        try #require(run.waitForWindow(Self.question), "\(run.program.everything)")
        #expect(run.waitForLabel("'cache folder' failed: cannot write '"), "\(run.labels)")
        #expect(run.waitForLabel("not a directory"), "\(run.labels)")
        #expect(titles(run) == [Self.question], "\(titles(run))")
        try FileManager.default.removeItem(atPath: screen.thumbnailer.workspace.path("out"))
        try screen.reader.press("Try again", of: run.program.process)
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        screen.end(run)
    }

    @Test func safeModeStartsWithoutWhatFailedAndWaits() throws {
        let run = try screen.open("--fail-stage", "cache folder")
        try #require(run.waitForWindow(Self.question), "\(run.program.everything)")
        #expect(run.waitForLabel("it was told to (--fail-stage)"), "\(run.labels)")
        try screen.reader.press("Safe mode", of: run.program.process)
        try #require(run.waitForWindow(Self.main + " (safe mode)"), "\(titles(run))")
        #expect(run.waitForLabel("Ready."), "\(run.labels)")
        #expect(run.pictureCount == 0)
        try screen.reader.press("Start", of: run.program.process)
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        screen.end(run)
    }

    @Test func quitUndoesWhatWasDoneAndSaysSo() throws {
        try screen.thumbnailer.workspace.write("no folder", to: "file")
        let run = try screen.open("--fail-stage", "cache folder")
        try #require(run.waitForWindow(Self.question), "\(run.program.everything)")
        try screen.reader.press("Quit", of: run.program.process)
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(75), "\(run.program.everything)")
        #expect(run.complaint == nil)
        #expect(run.workspace.processesLeft().isEmpty)
        #expect(FileFacts(run.workspace.path("out")) == nil)
    }

    @Test func safeModeOfTheCommandLine() throws {
        let run = try screen.open("--safe-mode")
        try #require(run.waitForWindow(Self.main + " (safe mode)"), "\(titles(run))")
        #expect(run.waitForLabel("Ready."), "\(run.labels)")
        screen.end(run)
    }

    /// Twice in the same optional stage: it is skipped. Three starts that crash: somebody is asked. A clean one resets that.
    @Test func startsThatCrashAreRemembered() throws {
        for _ in 1...2 {
            let run = try screen.open("--fail-stage", "decoder check=crash")
            #expect(run.program.waitForEnd(within: .seconds(60)) == .signalled(SIGILL), "\(run.program.everything)")
        }
        // The third one goes around it, into another.
        var run = try screen.open("--fail-stage", "process pool=crash")
        #expect(run.program.waitForEnd(within: .seconds(60)) == .signalled(SIGILL), "\(run.program.everything)")
        run = try screen.open()
        try #require(run.waitForWindow("Thumbnailer crashed while it was starting"), "\(run.program.everything)")
        #expect(run.waitForLabel("The last 3 starts crashed."), "\(run.labels)")
        try screen.reader.press("Start normally", of: run.program.process)
        #expect(
            run.waitForLabel("'decoder check' was skipped: the last 2 starts that ran it crashed in it"),
            "\(run.labels)")
        #expect(
            run.waitForLabel("The last run crashed while it was starting, in 'process pool'."), "\(run.labels)")
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        screen.end(run)
        run = try screen.open()
        #expect(run.waitForLabel("0 made, 1 fresh"), "\(run.labels)")
        #expect(!run.labels.contains { $0.contains("crashed") || $0.contains("skipped") }, "\(run.labels)")
        screen.end(run)
    }
}
#endif
