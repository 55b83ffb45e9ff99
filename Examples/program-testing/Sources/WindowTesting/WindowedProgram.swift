import Foundation

@testable import ProgramTesting

/// A program with windows on a desktop, seen and used by the names that its widgets have.
class WindowedProgram {
    let desktop: Desktop
    let reader: ScreenReader
    let workspace: Workspace
    let program: Program

    init(_ launch: Launch, in workspace: Workspace, on desktop: Desktop, _ reader: ScreenReader) throws {
        self.desktop = desktop
        self.reader = reader
        self.workspace = workspace
        var launch = launch
        launch.environment.merge(desktop.environment) { $1 }
        program = try Program(launch)
    }

    /// The windows that the window manager has of it, the oldest first.
    var windows: [WindowManager.Window] { desktop.windows.all.filter { $0.process == program.process } }

    /// Asks the window manager to close the oldest.
    func close() {
        if let window = windows.first { desktop.windows.close(window) }
    }

    /// What the labels of its windows say.
    var labels: [String] {
        let items = (try? reader.items(of: program.process)) ?? []
        return items.filter { $0.role == "label" }.map(\.name)
    }

    /// Waits until a label says this; false when the program ends first, or `limit` passes.
    func waitForLabel(_ words: String, within limit: Duration = .seconds(60)) -> Bool {
        program.wait(for: limit) { program.ending != nil || labels.contains { $0.contains(words) } }
            && program.ending == nil
    }

    /// What its windows show in views of long text.
    var texts: [String] {
        let items = (try? reader.items(of: program.process)) ?? []
        return items.filter { $0.role == "text" }.map(\.text)
    }

    /// Waits until one of these says this; false when the program ends first, or `limit` passes.
    func waitForText(_ words: String, within limit: Duration = .seconds(60)) -> Bool {
        program.wait(for: limit) { program.ending != nil || texts.contains { $0.contains(words) } }
            && program.ending == nil
    }

    /// Waits until there is a window with this title.
    func waitForWindow(_ title: String, within limit: Duration = .seconds(20)) -> Bool {
        program.wait(for: limit) { program.ending != nil || windows.contains { $0.title == title } }
            && program.ending == nil
    }

    /// What GTK or GLib complains about; nil for nothing.
    var complaint: String? {
        let words = program.errorText
        return words.contains("CRITICAL") || words.contains("WARNING") ? words : nil
    }
}
