#if Window
import Foundation
import Glibc
import Testing
import WindowTesting

@testable import ProgramTesting

/// The window as somebody uses it who hears what it says.
@Suite(.serialized) struct WindowUseTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    private func open(_ launch: Launch, in workspace: Workspace) throws -> WindowRun {
        try WindowRun(launch, in: workspace, on: desktop, reader)
    }

    private func end(_ run: WindowRun) {
        run.close()
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
        run.expectNoComplaint("\(run.program.errorText)")
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
        run.expectNoComplaint("dialog")
    }

    @Test func whatFailsIsListedWithItsReason() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.workspace.write("no picture", to: "pictures/broken.png")
        let run = try open(thumbnailer.launch([]), in: thumbnailer.workspace)
        #expect(run.waitForLabel("0 made, 0 fresh, 1 failed"))
        #expect(run.waitForLabel("1 picture failed"))
        #expect(run.waitForLabel("broken.png"), "\(run.labels)")
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
