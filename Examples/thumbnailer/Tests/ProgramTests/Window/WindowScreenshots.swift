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

        var shown = try window(nil)
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

        try home.removeEndlessPicture()
        try home.addBrokenPictures()
        shown = try window(home.pictures, "--decode-time", "2")
        try #require(shown.waitForLabel("made, "), "\(shown.program.everything)")
        try shoot("failures", shown)
        shown.close(expecting: .exited(0))
    }
}
#endif
