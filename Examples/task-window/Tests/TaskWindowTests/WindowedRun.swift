import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// One run of a program of this package.
final class WindowedRun: WindowedProgram {
    init(
        _ executable: String = "task-window", _ arguments: [String] = [], on desktop: Desktop, _ reader: ScreenReader
    ) throws {
        let workspace = try Workspace()
        let launch = Launch(Executables.path(executable), arguments, in: workspace)
        try super.init(launch, in: workspace, on: desktop, reader)
    }

    func waitForWindows(_ count: Int) throws {
        try #require(
            program.wait(for: .seconds(20)) { windows.count == count || program.ending != nil }, "\(program.errorText)")
        try #require(program.ending == nil, "\(program.errorText)")
    }

    /// Presses a button, and waits until a label says so.
    func press(_ button: String, saying words: String = "", sourceLocation: SourceLocation = #_sourceLocation) throws {
        try reader.press(button, of: program.process)
        guard !words.isEmpty else { return }
        try #require(waitForLabel(words, within: .seconds(10)), "\(labels)", sourceLocation: sourceLocation)
    }

    /// Waits until it has said this on standard output.
    func waitForWords(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) {
        program.wait(for: .seconds(20)) { program.outputText.contains(words) || program.ending != nil }
        #expect(program.outputText.contains(words), "\(program.everything)", sourceLocation: sourceLocation)
    }

    func close(_ window: WindowManager.Window) { desktop.windows.close(window) }

    /// Closes the last window and waits for the end; how long that took.
    func end(_ request: () throws -> Void) rethrows -> Duration {
        let asked = ContinuousClock.now
        try request()
        program.waitForEnd(within: .seconds(20))
        return (program.endedAt ?? .now) - asked
    }
}
