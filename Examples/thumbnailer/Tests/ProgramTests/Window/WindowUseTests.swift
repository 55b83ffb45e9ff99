#if Window
import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// The window as somebody uses it who hears what it says.
@Suite(.serialized) struct WindowUseTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    private func open(_ launch: Launch, in workspace: Workspace) throws -> WindowedProgram {
        try WindowedProgram(launch, in: workspace, on: desktop, reader)
    }

    private func end(_ run: WindowedProgram) {
        run.close()
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil, "\(run.program.errorText)")
    }

    @Test func pausesGoesOnStopsAndStartsAgain() throws {
        let pictures = try WindowPictures.shared.get()
        let workspace = try Workspace()
        let folder = try workspace.makeFolder("out/large")
        let run = try open(.thumbnailer(pictures.set.folder, ["--jobs", "2"], in: workspace), in: workspace)
        let watch = try FolderWatch(folder)
        let process = run.program.process
        #expect(run.program.wait(watching: watch) { watch.thumbnails.count > 5 })
        try reader.press("Pause", of: process)
        #expect(run.waitForLabel("paused"))
        // Those that were being made may still come, no others.
        let count = run.pictureCount
        run.program.wait(for: .milliseconds(1_500), watching: watch) { run.pictureCount > count + 4 }
        #expect(run.pictureCount <= count + 4)
        try reader.press("Resume", of: process)
        #expect(run.program.wait(watching: watch) { watch.thumbnails.count > count + 20 })
        try reader.press("Stop", of: process)
        #expect(run.waitForLabel("Stopped: "))
        let stopped = Set(workspace.files(below: "out/large"))
        #expect(stopped.count < pictures.set.thumbnails.count)
        try reader.press("Start", of: process)
        #expect(run.program.wait(watching: watch) { workspace.files(below: "out/large").count > stopped.count })
        end(run)
        Remains(workspace: workspace, pictures: pictures.set, process: process, note: "stopped").check(
            mayBeCutOff: false)
    }

    @Test func aFolderIsChosenInTheDialogOfTheDesktop() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("1 made, 0 fresh"))
        try thumbnailer.addPicture("two.svg")
        try reader.press("Choose Folder…", of: run.program.process)
        #expect(run.program.wait { run.desktop.windows.all.contains { $0.title == "A folder with pictures" } })
        // It begins where the window is. GTK 4.8 has its own buttons read out with the mark of their key, and then without.
        try reader.press("_Open Open", of: run.program.process)
        #expect(run.waitForLabel("1 made, 1 fresh"), "\(run.labels)")
        end(run)
    }

    @Test func aDialogThatIsOpenDoesNotHoldTheEnd() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("1 made, 0 fresh"))
        try reader.press("Choose Folder…", of: run.program.process)
        #expect(run.program.wait { run.desktop.windows.all.contains { $0.title == "A folder with pictures" } })
        run.program.send(SIGTERM)
        #expect(run.program.waitForEnd(within: .seconds(5)) == .signalled(SIGTERM), "\(run.program.everything)")
        #expect(run.complaint == nil, "dialog")
    }

    /// The close has stopped the run: it does not pass for a whole one, and the next one goes on.
    @Test func aRunThatIsKeptOpenIsAStoppedOne() throws {
        let thumbnailer = try Thumbnailer()
        // A button that is pressed by a screen reader stays down for a quarter of a second.
        let slow = try thumbnailer.workspace.write(
            try WindowPictures.picture(drawnIn: .milliseconds(1_200)), to: "pictures/slow.svg")
        for number in 1...5 { try thumbnailer.addPicture("\(number).svg") }
        // In a process of its own it would be gone before anybody could press a button.
        let run = try open(thumbnailer.launch(["--jobs", "1", "--in-process"]), in: thumbnailer.workspace)
        #expect(run.program.wait { run.windows.first != nil && run.isDrawing([slow]) })
        run.close()
        try reader.press("Keep open", of: run.program.process)
        #expect(run.waitForLabel("Stopped: "), "\(run.labels) \(run.program.everything)")
        try reader.press("Start", of: run.program.process)
        #expect(run.program.wait { run.pictureCount == 6 }, "\(run.labels)")
        #expect(run.program.wait { run.labels.contains { $0.contains(" made, ") && !$0.contains("Stopped") } })
        end(run)
    }

    /// A file may be called what it likes: the view that names it keeps its size.
    @Test func aNameOfManyLinesDoesNotMakeTheWindowLarger() throws {
        let thumbnailer = try Thumbnailer()
        let name = "a" + String(repeating: "\n", count: 200) + ".svg"
        try thumbnailer.addEndlessPicture(name)
        let run = try open(thumbnailer.launch(["--in-process"]), in: thumbnailer.workspace)
        #expect(run.program.wait { run.windows.first != nil && run.isDrawing([thumbnailer.pictures + "/" + name]) })
        let size = run.windows.first.flatMap { run.desktop.windows.size(of: $0) }
        run.close()
        #expect(run.waitForLabel("Waiting for 'thumbnail of a"), "\(run.labels)")
        #expect(run.windows.first.flatMap { run.desktop.windows.size(of: $0) } == size && size != nil)
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(70), "\(run.program.everything)")
        // Behind the two lines stands its stack, further in.
        let lines = run.program.errorText.split(separator: "\n")
        #expect(lines.filter { !$0.hasPrefix("    ") }.count == 2, "\(run.program.errorText)")
    }

    @Test func whatFailsIsListedWithItsReason() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.workspace.write("no picture", to: "pictures/broken.png")
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("0 made, 0 fresh, 1 failed"))
        #expect(run.waitForLabel("1 picture failed"))
        #expect(run.waitForLabel("broken.png"), "\(run.labels)")
        // And where its thumbnail would be.
        #expect(run.waitForLabel("Not a picture"), "\(run.labels)")
        end(run)
    }

    /// A picture that ends its decoder: the window shows why, and goes on.
    @Test func aPictureThatEndsItsDecoderIsATileWithTheReason() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("endless.svg")
        let endless = thumbnailer.pictures + "/endless.svg"
        for number in 1...5 { try thumbnailer.addPicture("\(number).svg") }
        let run = try open(thumbnailer.launch(["--decode-time", "1"]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("5 made, 0 fresh, 1 failed"), "\(run.labels)")
        #expect(run.waitForLabel("Takes too long"), "\(run.labels)")
        #expect(run.waitForLabel("Cannot decode: it takes more than 1 s of the processor"), "\(run.labels)")
        #expect(run.workspace.files(below: "out/fail").count == 1)
        // Remembered: the next run does not try it.
        try reader.press("Start", of: run.program.process)
        #expect(run.waitForLabel("0 made, 5 fresh, 1 failed"), "\(run.labels)")
        #expect(!run.isDrawing([endless]))
        #expect(run.waitForLabel("Takes too long"), "\(run.labels)")
        end(run)
        // There is more time: it is tried.
        let next = try open(thumbnailer.launch(["--decode-time", "600"]), in: thumbnailer.workspace)
        #expect(next.program.wait { next.windows.first != nil && next.isDrawing([endless]) }, "\(next.labels)")
        end(next)
    }

    /// An entry that does not say what kind of failure it was.
    @Test func whatFailedBeforeIsATileThatSaysSo() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.workspace.write("no picture", to: "pictures/broken.png")
        #expect(try thumbnailer.run("--terminal").ending == .exited(1))
        let name = try #require(thumbnailer.workspace.files(below: "out/fail").first)
        let entry = URL(fileURLWithPath: thumbnailer.workspace.path("out/fail/" + name))
        var bytes = try Data(contentsOf: entry)
        let place = try #require(bytes.range(of: Data("Roost::Code".utf8)))
        bytes.replaceSubrange(place, with: Data("Other::Code".utf8))
        try bytes.write(to: entry)
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("Failed before"), "\(run.labels)")
        end(run)
    }

    @Test func anEmptyFolderSaysSo() throws {
        let thumbnailer = try Thumbnailer()
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("There are no pictures in this folder."), "\(run.labels)")
        end(run)
    }
}
#endif
