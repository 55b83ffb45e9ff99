import Foundation
import Testing
import WindowTesting

@testable import ProgramTesting

/// One run of task-window on a desktop, used by the names of its buttons.
final class WindowedRun {
    let desktop: Desktop
    let reader: ScreenReader
    let workspace: Workspace
    let program: Program

    init(
        _ executable: String = "task-window", _ arguments: [String] = [], on desktop: Desktop, _ reader: ScreenReader
    ) throws {
        self.desktop = desktop
        self.reader = reader
        workspace = try Workspace()
        var launch = Launch(Executables.path(executable), arguments, in: workspace)
        launch.environment.merge(desktop.environment) { $1 }
        program = try Program(launch)
    }

    /// The windows of this program, the oldest first.
    var windows: [WindowManager.Window] { desktop.windows.all.filter { $0.process == program.process } }

    func waitForWindows(_ count: Int) throws {
        try #require(
            program.wait(for: .seconds(20)) { windows.count == count || program.ending != nil }, "\(program.errorText)")
        try #require(program.ending == nil, "\(program.errorText)")
    }

    /// Presses a button, and waits until a label says so.
    func press(_ button: String, saying words: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        try reader.press(button, of: program.process)
        guard !words.isEmpty else { return }
        let isSaid = program.wait(for: .seconds(10)) { labels.contains { $0.contains(words) } }
        try #require(isSaid, "\(labels)", sourceLocation: sourceLocation)
    }

    /// Waits until it has said this on standard output.
    func waitForWords(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        program.wait(for: .seconds(20)) { program.outputText.contains(words) || program.ending != nil }
        #expect(program.outputText.contains(words), "\(program.everything)", sourceLocation: sourceLocation)
    }

    func close(_ window: WindowManager.Window) { desktop.windows.close(window) }

    /// What the labels of its windows say.
    var labels: [String] {
        let items = (try? reader.items(of: program.process)) ?? []
        return items.filter { $0.role == "label" }.map(\.name)
    }

    /// Closes the last window and waits for the end; how long that took, with the 10 ms or so of the pager.
    func end(_ request: () throws -> Void) rethrows -> Duration {
        let asked = ContinuousClock.now
        try request()
        program.waitForEnd(within: .seconds(20))
        return (program.endedAt ?? .now) - asked
    }

    /// Nothing that GTK or GLib complains about.
    func expectNoComplaint(_ note: Comment, sourceLocation: SourceLocation = #_sourceLocation) {
        let words = program.errorText
        #expect(
            !words.contains("CRITICAL") && !words.contains("WARNING"), "\(note): \(words)",
            sourceLocation: sourceLocation)
    }
}
