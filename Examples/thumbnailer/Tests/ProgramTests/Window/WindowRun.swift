#if Window
import Foundation
import Glibc
import Testing
import WindowTesting

@testable import ProgramTesting

/// The thumbnailer in its window on a desktop.
final class WindowRun {
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

    /// The window, once the window manager has it.
    var window: WindowManager.Window? { desktop.windows.all.first { $0.process == program.process } }

    /// Asks the window manager to close it.
    func close() {
        if let window { desktop.windows.close(window) }
    }

    /// What the labels say.
    var labels: [String] {
        let items = (try? reader.items(of: program.process)) ?? []
        return items.filter { $0.role == "label" }.map(\.name)
    }

    /// How many thumbnails there are on the disk.
    var pictureCount: Int { workspace.files(below: "out/large").count }

    func waitForLabel(_ words: String, within limit: Duration = .seconds(60)) -> Bool {
        program.wait(for: limit) { program.ending != nil || labels.contains { $0.contains(words) } }
            && program.ending == nil
    }

    /// True while a file of these is being decoded that has been read to its end.
    func isDrawing(_ paths: [String]) -> Bool {
        let folder = "/proc/\(program.process)/fd/"
        for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let about = "/proc/\(program.process)/fdinfo/\(descriptor)"
            guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + descriptor),
                paths.contains(path), let facts = try? String(contentsOfFile: about, encoding: .utf8),
                let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            else { continue }
            // Its first line.
            if facts.hasPrefix("pos:\t\(size)\n") { return true }
        }
        return false
    }

    /// Nothing that GTK or GLib complains about.
    func expectNoComplaint(_ note: Comment) {
        let words = program.errorText
        #expect(!words.contains("CRITICAL") && !words.contains("WARNING"), "\(note): \(words)")
    }
}
#endif
