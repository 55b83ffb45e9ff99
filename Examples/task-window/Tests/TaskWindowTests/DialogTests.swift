import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// Modal dialogs of other code, opened from callbacks, some with a loop of their own inside them.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DialogTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    private func open(_ opening: String, _ more: String...) throws -> WindowedRun {
        let run = try WindowedRun("odd-window", ["dialog", opening] + more, on: desktop, reader)
        if opening != "update" {
            try run.waitForWindows(1 + more.count)
            try run.press("Ask")
        }
        try run.waitForWindows(2 + more.count)
        return run
    }

    private func waitForAll(_ run: WindowedRun) throws {
        let isThere = run.program.wait(for: .seconds(20)) { run.labels.contains("all here") }
        try #require(isThere, "\(run.labels) \(run.program.everything)")
    }

    @Test(arguments: ["button", "update", "plain"]) func everythingArrivesUnderADialog(_ opening: String) throws {
        let run = try open(opening)
        try waitForAll(run)
        try run.press("Answer")
        try run.waitForWindows(1)
        run.waitForWords("dialog gone: answers 1")
        if opening != "plain" {
            run.waitForWords("inner loop ended: sent 2000, tasks 2000, runs 2000, blocks 2000")
        }
        run.waitForWords("runs finished")
        let time = run.end { run.close(run.windows[0]) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "\(opening)")
    }

    /// Its window goes under it, and with it the process: the dialog's loop does not hold the end.
    @Test(arguments: ["button", "update", "plain"]) func theLastWindowGoesUnderADialog(_ opening: String) throws {
        let run = try open(opening, "other")
        try waitForAll(run)
        try run.press("Close Asks")
        try run.waitForWindows(1)
        #expect(run.windows.map(\.title) == ["Other"])
        run.waitForWords("asks closed")
        run.waitForWords("dialog gone: answers 0")
        // The other one is not modal to anything that is not there any more.
        try run.press("Say")
        run.waitForWords("other lives")
        let time = run.end { run.close(run.windows[0]) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "\(opening)")
    }

    @Test func aFolderChooserGoesWithItsWindow() throws {
        let run = try open("folder", "other")
        try run.press("Close Asks")
        try run.waitForWindows(1)
        #expect(run.windows.map(\.title) == ["Other"])
        let time = run.end { run.close(run.windows[0]) }
        #expect(!run.program.outputText.contains("chosen"), "\(run.program.everything)")
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "folder")
    }

    /// GTK does not pass on what the window manager asks of a window under a modal dialog; the dialog's own is.
    @Test(arguments: ["button", "plain"]) func theWindowManagerAsksUnderADialog(_ opening: String) throws {
        let run = try open(opening)
        try waitForAll(run)
        let parent = try #require(run.windows.first { $0.title == "Asks" })
        let dialog = try #require(run.windows.first { $0.title == "Question" })
        run.close(parent)
        run.close(dialog)
        run.waitForWords("dialog gone: answers 0")
        try run.waitForWindows(1)
        let time = run.end { run.close(parent) }
        #expect(run.program.ending == .exited(0), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "\(opening)")
    }

    @Test(arguments: ["button", "update", "plain"]) func aSignalComesUnderADialog(_ opening: String) throws {
        let run = try open(opening)
        try waitForAll(run)
        let time = run.end { run.program.send(SIGTERM) }
        #expect(run.program.ending == .signalled(SIGTERM), "\(run.program.everything)")
        #expect(time < .milliseconds(2_000), "\(time)")
        #expect(run.complaint == nil, "\(opening)")
    }
}
