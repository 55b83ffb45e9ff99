#if Window
import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

private let wish = ProcessInfo.processInfo.environment

/// Not a test of its own: takes the pictures of the window that `Scripts/take-screenshots` asks for.
///
/// `ROOST_SCREENSHOTS` is the folder for them, `ROOST_LANDSCAPES` the one with the pictures that the window shows.
@Suite(.serialized, .enabled(if: wish["ROOST_SCREENSHOTS"] != nil), .timeLimit(.minutes(10)))
struct WindowScreenshots {
    enum Size: String, CaseIterable {
        case wide = "1024x768"
        case narrow = "480x640"

        var pixels: (width: Int, height: Int) { self == .wide ? (1_024, 768) : (480, 640) }
    }

    enum Light: String, CaseIterable {
        case light
        case dark
    }

    @Test(arguments: Size.allCases, Light.allCases) func takes(_ size: Size, _ light: Light) throws {
        let target = try #require(wish["ROOST_SCREENSHOTS"])
        let home = try PhotographedHome(landscapes: wish["ROOST_LANDSCAPES"] ?? "", isDark: light == .dark)
        let desktop = try Desktop(width: size.pixels.width, height: size.pixels.height, look: home.look)
        let reader = try ScreenReader(desktop)
        func shoot(_ name: String, _ window: PhotographedWindow) throws {
            try window.shoot("\(target)/\(name)-\(size.rawValue)-\(light.rawValue).png")
        }
        func window(_ folder: String?, _ words: String...) throws -> PhotographedWindow {
            try PhotographedWindow(home, of: folder, words, on: desktop, reader)
        }
        func choose(_ entry: String, in shown: PhotographedWindow) throws {
            try reader.press("Menu", of: shown.program.process)
            try reader.press(entry, of: shown.program.process)
            try shown.fillDesktop(entry)
        }
        desktop.windows.paintGround(light == .light ? 0x8FA3AD : 0x3B4A52)

        // A stage that does not come to its end holds the splash, long enough to be looked at.
        var shown = try PhotographedWindow(
            home, of: nil, ["--fail-stage", "decoder check=hang", "--budget", "1"], on: desktop, reader,
            showing: "Thumbnailer")
        try #require(shown.waitForLabel("decoder check (2 of 4)"), "\(shown.program.everything)")
        try shoot("splash", shown)
        shown.close(expecting: .exited(70))

        shown = try PhotographedWindow(
            home, of: nil, ["--fail-stage", "cache folder"], on: desktop, reader, showing: "Thumbnailer cannot start")
        try shoot("failed-stage", shown)
        shown.close(expecting: .exited(75))

        shown = try window(nil, "--fail-stage", "process pool")
        try #require(shown.waitForLabel("'process pool' was skipped: "), "\(shown.labels)")
        try shoot("skipped-stage", shown)
        shown.close(expecting: .exited(0))

        shown = try window(nil)
        try #require(shown.waitForLabel("Ready."), "\(shown.program.everything)")
        try shoot("start", shown)
        shown.close(expecting: .exited(0))

        shown = try window(try home.makeEmptyFolder("New album"))
        try #require(shown.waitForLabel("There are no pictures in this folder."), "\(shown.program.everything)")
        try shoot("empty", shown)
        shown.close(expecting: .exited(0))

        // One at a time and without a process of its own, a picture that is drawn for minutes holds what comes after it: half of
        // them are there, and stay so.
        try home.addEndlessPicture()
        shown = try window(home.pictures, "--in-process", "--jobs", "1")
        try #require(shown.waitForLabel("\(home.half) of \(home.count + 1)"), "\(shown.program.everything)")
        try shoot("half-way", shown)
        try reader.press("Pause", of: shown.program.process)
        try #require(shown.waitForLabel("paused"), "\(shown.program.everything)")
        try shoot("paused", shown)
        shown.close()
        try #require(shown.waitForLabel("Waiting for"), "\(shown.program.everything)")
        try shoot("shutting-down", shown)
        #expect(shown.program.waitForEnd(within: .seconds(20)) == .exited(70), "\(shown.program.everything)")

        shown = try window(home.pictures, "--in-process", "--jobs", "1")
        try #require(shown.waitForLabel("\(home.half) of \(home.count + 1)"), "\(shown.program.everything)")
        shown.program.send(SIGSEGV)
        #expect(shown.program.waitForEnd(within: .seconds(60)) == .signalled(SIGSEGV))

        try home.removeEndlessPicture()
        shown = try window(nil)
        try #require(shown.waitForLabel("Ready."), "\(shown.program.everything)")
        try #require(shown.waitForLabel("The last run crashed"), "\(shown.labels)")
        try shoot("after-a-crash", shown)
        try choose("Last run", in: shown)
        try #require(shown.waitForText("The last run of thumbnailer crashed"), "\(shown.texts)")
        try shoot("last-run", shown)
        try reader.type(.alt, "s")
        try shoot("last-run-start", shown)
        try reader.type(.control, "w")
        try #require(shown.program.wait { shown.windows.count == 1 })
        try choose("Threads and workers", in: shown)
        try reader.press("Take stacks", of: shown.program.process)
        try #require(shown.waitForLabel("These stacks stand still"), "\(shown.labels)")
        try shoot("threads", shown)
        shown.close(expecting: .exited(0))

        try home.addBrokenPictures()
        shown = try window(home.pictures, "--decode-time", "2")
        try #require(shown.waitForLabel("made, "), "\(shown.program.everything)")
        try shoot("failures", shown)
        shown.close(expecting: .exited(0))

        // What crashed twice is gone around: the third start crashes in the next stage.
        for stage in ["decoder check", "decoder check", "process pool"] {
            var launch = Launch(
                Executables.thumbnailer, ["--window", "--fail-stage", "\(stage)=crash"], in: home.workspace)
            launch.environment.merge(desktop.environment) { $1 }
            #expect(try Program(launch).waitForEnd(within: .seconds(60)) == .signalled(SIGILL))
        }
        shown = try PhotographedWindow(
            home, of: nil, [], on: desktop, reader, showing: "Thumbnailer crashed while it was starting")
        try shoot("crashed-starts", shown)
        try reader.press("Safe mode", of: shown.program.process)
        try shown.fillDesktop("Roost Thumbnailer (safe mode)")
        try #require(shown.waitForLabel("Ready."), "\(shown.labels)")
        try shoot("safe-mode", shown)
        shown.close(expecting: .exited(0))
    }
}
#endif
