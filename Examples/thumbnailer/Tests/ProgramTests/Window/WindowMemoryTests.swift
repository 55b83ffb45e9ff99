#if Window
import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// What the window tells of the program itself: its threads, and how the last run ended.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowMemoryTests {
    private let screen: WindowedThumbnailer

    init() throws { screen = try WindowedThumbnailer() }

    private func choose(_ entry: String, in run: WindowedProgram) throws {
        try screen.reader.press("Menu", of: run.program.process)
        try screen.reader.press(entry, of: run.program.process)
        #expect(run.waitForWindow(entry), "\(run.windows.map(\.title))")
    }

    private func hasPicture(_ name: String, in run: WindowedProgram) -> Bool {
        let items = (try? screen.reader.items(of: run.program.process)) ?? []
        return items.contains { $0.role == "image" && $0.name == name }
    }

    /// A picture that is drawn for minutes keeps a worker of the program, and one of its decoders, at work.
    @Test func theThreadsAndWhatTheyDo() throws {
        try screen.thumbnailer.addEndlessPicture("endless.svg")
        let run = try screen.open("--jobs", "2", "--decode-time", "600")
        #expect(run.program.wait { run.isDrawing([screen.thumbnailer.pictures + "/endless.svg"]) })
        try choose("Threads and workers", in: run)
        #expect(run.waitForLabel(" threads of process \(run.program.process): "), "\(run.labels)")
        #expect(run.waitForLabel("Decoding in process"), "\(run.labels)")
        for words in ["main thread", "'roost-", "pool census", "worker 'look at the threads'"] {
            #expect(run.waitForText(words, within: .seconds(10)), "no \(words): \(run.texts)")
        }
        // Looked at anew: the numbers of processor time change.
        let before = run.texts
        #expect(run.program.wait(for: .seconds(10)) { run.texts != before })
        try screen.reader.press("Take stacks", of: run.program.process)
        #expect(run.waitForLabel("These stacks stand still until you go on."), "\(run.labels)")
        // Of the main thread, too, which waits in its loop: a call that a signal ends.
        #expect(run.waitForText("g_main_loop_run", within: .seconds(20)), "\(run.texts)")
        let stacks = run.texts
        #expect(!run.program.wait(for: .milliseconds(2_500)) { run.texts != stacks }, "the stacks do not stand still")
        try screen.reader.press("Go on", of: run.program.process)
        #expect(run.program.wait(for: .seconds(10)) { run.texts != stacks })
        // It goes with the window that it belongs to.
        run.close()
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "\(run.program.errorText)")
    }

    @Test func aFirstRunHasNothingToTell() throws {
        let run = try screen.open()
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        try choose("Last run", in: run)
        #expect(run.waitForText("This is the first run of which something is known."), "\(run.texts)")
        screen.end(run)
    }

    @Test func aRunThatEndedWellIsToldOnDemandAlone() throws {
        var run = try screen.open()
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        screen.end(run)
        run = try screen.open()
        #expect(run.waitForLabel("0 made, 1 fresh"), "\(run.labels)")
        #expect(!run.labels.contains { $0.contains("last run") }, "\(run.labels)")
        try choose("Last run", in: run)
        #expect(run.waitForText("The last run of thumbnailer ended well"), "\(run.texts)")
        // A picture that could not be drawn is not there.
        for name in ["start", "end"] {
            #expect(
                run.program.wait(for: .seconds(10)) { hasPicture("The \(name) of the last run", in: run) }, "\(name)")
        }
        screen.end(run)
    }

    /// A desktop that has a browser, and for pictures a viewer, as most have.
    private func addBrowser(copyingTo path: String) throws {
        let home = screen.thumbnailer.workspace.path("home")
        for folder in [".local/share/applications", ".config"] {
            try FileManager.default.createDirectory(atPath: "\(home)/\(folder)", withIntermediateDirectories: true)
        }
        for (name, type) in [("browser", "text/html"), ("viewer", "image/svg+xml")] {
            let entry = """
                [Desktop Entry]
                Type=Application
                Name=\(name)
                Exec=cp %f \(path)-\(name)
                MimeType=\(type);
                """
            try screen.thumbnailer.workspace.write(entry, to: "home/.local/share/applications/\(name).desktop")
        }
        try screen.thumbnailer.workspace.write(
            "[Default Applications]\ntext/html=browser.desktop\nimage/svg+xml=viewer.desktop\n",
            to: "home/.config/mimeapps.list")
    }

    @Test func aTimelineOpensInABrowser() throws {
        let shown = screen.thumbnailer.workspace.path("shown")
        try addBrowser(copyingTo: shown)
        var run = try screen.open()
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        screen.end(run)
        run = try screen.open()
        try choose("Last run", in: run)
        #expect(run.program.wait(for: .seconds(20)) { hasPicture("The start of the last run", in: run) })
        // The page of the start, and its button: that of the end, behind it, has the same name.
        try screen.reader.type(.alt, "s")
        try screen.reader.type(.alt, "o")
        func page() -> String { screen.thumbnailer.workspace.text(of: "shown-browser") ?? "" }
        #expect(
            run.program.wait(for: .seconds(20)) { page().contains("</svg>") },
            "\(run.workspace.files(below: "state")) \(run.windows.map(\.title)) \(run.labels) \(run.program.everything)"
        )
        #expect(page().hasPrefix("<!DOCTYPE html>") && page().contains("decoder check"))
        #expect(screen.thumbnailer.workspace.text(of: "shown-viewer") == nil)
        screen.end(run)
    }

    @Test func afterACrashTheNextStartSaysSoInOneLine() throws {
        try screen.thumbnailer.addEndlessPicture("endless.svg")
        var run = try screen.open("--in-process")
        #expect(run.program.wait { run.isDrawing([screen.thumbnailer.pictures + "/endless.svg"]) })
        run.program.send(SIGSEGV)
        #expect(run.program.waitForEnd(within: .seconds(60)) == .signalled(SIGSEGV), "\(run.program.everything)")
        // In a terminal it is a line of its own; a run that ends well afterwards is the last one then.
        try FileManager.default.removeItem(atPath: screen.thumbnailer.pictures + "/endless.svg")
        run = try screen.open()
        #expect(run.waitForLabel("The last run crashed while it made the thumbnail of endless.svg."), "\(run.labels)")
        try screen.reader.press("Details", of: run.program.process)
        #expect(run.waitForWindow("Last run"))
        #expect(run.waitForText("The last run of thumbnailer crashed: SIGSEGV"), "\(run.texts)")
        #expect(run.waitForText("'thumbnail of endless.svg'"), "\(run.texts)")
        try screen.reader.press("Dismiss", of: run.program.process)
        #expect(run.program.wait { !run.labels.contains { $0.contains("The last run crashed") } }, "\(run.labels)")
        screen.end(run)
    }

    @Test func quitPrintsTheThreadsAndEnds() throws {
        let run = try screen.open()
        #expect(run.waitForLabel("1 made, "), "\(run.labels)")
        run.program.send(SIGQUIT)
        #expect(run.program.waitForEnd(within: .seconds(20)) == .signalled(SIGQUIT), "\(run.program.everything)")
        #expect(run.program.errorText.contains("thumbnailer: asked for its threads by SIGQUIT"))
        for words in ["main thread", "g_main_loop_run", "'roost-"] {
            #expect(run.program.errorText.contains(words), "no \(words): \(run.program.errorText)")
        }
        // Who asked knows that it ended.
        let next = try screen.open()
        #expect(next.waitForLabel("0 made, 1 fresh"), "\(next.labels)")
        #expect(!next.labels.contains { $0.contains("last run") }, "\(next.labels)")
        screen.end(next)
    }
}
#endif
