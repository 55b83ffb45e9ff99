#if Window
import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// The window as it is seen, as large as its desktop.
final class PhotographedWindow: WindowedProgram {
    private let home: PhotographedHome
    /// Where it starts, it rests on a picture, whose name then pops up.
    private static let pointerAway = """
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi
        Atspi.generate_mouse_event(0, 0, "abs")
        """

    init(
        _ home: PhotographedHome, of folder: String?, _ words: [String], on desktop: Desktop, _ reader: ScreenReader,
        showing title: String = "Roost Thumbnailer"
    ) throws {
        self.home = home
        let options = ["--window", "--output", home.workspace.path("out-\(UUID().uuidString)")]
        let launch = Launch(Executables.thumbnailer, (folder.map { [$0] } ?? []) + options + words, in: home.workspace)
        try super.init(launch, in: home.workspace, on: desktop, reader)
        try run("/usr/bin/python3", "-c", Self.pointerAway)
        // Those of the start are as large as what is in them.
        if title == "Roost Thumbnailer" { try fillDesktop(title) } else { try #require(waitForWindow(title)) }
    }

    /// Makes the window with this title, once it is there, as large as the desktop.
    func fillDesktop(_ title: String) throws {
        try #require(waitForWindow(title), "\(program.everything)")
        let window = try #require(windows.first { $0.title == title })
        // Asked again: a window that is just being shown may miss it.
        for _ in 0..<10 {
            desktop.windows.maximize(window)
            if program.wait(for: .seconds(1), until: { desktop.windows.size(of: window)?.first == desktop.width }) {
                break
            }
        }
    }

    func close(expecting ending: Program.Ending) {
        close()
        #expect(program.waitForEnd(within: .seconds(20)) == ending, "\(program.everything)")
        #expect(complaint == nil)
    }

    /// Takes a picture once two in a row are the same: everything has been drawn then.
    func shoot(_ path: String) throws {
        var before: [UInt8] = []
        let end = ContinuousClock.now + .seconds(10)
        while ContinuousClock.now < end {
            let now = try run("import", "-silent", "-window", "root", "ppm:-")
            if now == before { break }
            before = now
        }
        let raw = home.workspace.path("picture.ppm")
        try Data(before).write(to: URL(fileURLWithPath: raw))
        // 256 colours are enough for a window, and a third of the bytes.
        try run(
            "convert", raw, "-dither", "FloydSteinberg", "-define", "dither:diffusion-amount=50%", "-colors", "256",
            "-strip", "-define", "png:compression-level=9", "PNG8:" + path)
    }

    @discardableResult
    private func run(_ command: String...) throws -> [UInt8] {
        var launch = Launch("/usr/bin/env", command, in: home.workspace)
        launch.environment.merge(desktop.environment) { $1 }
        let tool = try Program(launch)
        let ending = tool.waitForEnd(within: .seconds(60))
        try #require(ending == .exited(0), "\(command): \(tool.errorText)")
        return tool.outputBytes
    }
}
#endif
