#if Window
import Foundation
import Testing
import WindowTesting

@testable import ProgramTesting

/// The window as it is seen, as large as its desktop.
final class PhotographedWindow {
    let program: Program
    private let home: PhotographedHome
    private let desktop: Desktop
    private let reader: ScreenReader
    private let window: WindowManager.Window
    /// Where it starts, it rests on a picture, whose name then pops up.
    private static let pointerAway = """
        import gi
        gi.require_version("Atspi", "2.0")
        from gi.repository import Atspi
        Atspi.generate_mouse_event(0, 0, "abs")
        """

    init(_ home: PhotographedHome, of folder: String?, on desktop: Desktop, _ reader: ScreenReader) throws {
        self.home = home
        self.desktop = desktop
        self.reader = reader
        let options = ["--window", "--output", home.workspace.path("out-\(UUID().uuidString)")]
        var launch = Launch(Executables.thumbnailer, (folder.map { [$0] } ?? []) + options, in: home.workspace)
        launch.environment.merge(desktop.environment) { $1 }
        let program = try Program(launch)
        self.program = program
        let isThere = program.wait(for: .seconds(20)) {
            desktop.windows.all.contains { $0.process == program.process } || program.ending != nil
        }
        try #require(isThere && program.ending == nil, "\(program.everything)")
        window = try #require(desktop.windows.all.first { $0.process == program.process })
        desktop.windows.maximize(window)
        try run("/usr/bin/python3", "-c", Self.pointerAway)
    }

    func waitForLabel(_ words: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
        var labels: [String] = []
        let isSaid = program.wait(for: .seconds(60)) {
            labels = ((try? reader.items(of: program.process)) ?? []).filter { $0.role == "label" }.map(\.name)
            return labels.contains { $0.contains(words) } || program.ending != nil
        }
        try #require(isSaid && program.ending == nil, "\(labels) \(program.everything)", sourceLocation: sourceLocation)
    }

    func press(_ button: String, of reader: ScreenReader) throws { try reader.press(button, of: program.process) }

    func askToClose() { desktop.windows.close(window) }

    func close(expecting ending: Program.Ending) throws {
        askToClose()
        #expect(program.waitForEnd(within: .seconds(20)) == ending, "\(program.everything)")
        #expect(!program.errorText.contains("CRITICAL"), "\(program.errorText)")
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
