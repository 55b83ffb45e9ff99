import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// Disks and folders that do not do what one would like: one line that names the file, the rest goes on, nothing
/// half-written stays.
@Suite struct BadInputTests {
    @Test func aWorkingFolderThatIsGone() throws {
        let workspace = try Workspace()
        let gone = try workspace.makeFolder("gone")
        let shell = try Program(
            Launch(
                "/bin/sh", ["-c", "cd '\(gone)' && rmdir '\(gone)' && exec '\(Executables.thumbnailer)' ."],
                in: workspace))
        #expect(shell.waitForEnd(within: .seconds(10)) == .exited(2))
        #expect(shell.errorText.contains("the folder this was started in has gone"))
    }

    @Test func theSharedSetHoldsEveryKindOfBrokenPicture() throws {
        let pictures = try PictureSet.shared.get()
        let names = Set(pictures.failing.map { ($0 as NSString).lastPathComponent })
        let expected: Set<String> = [
            "truncated.jpg", "truncated.png", "empty.png", "text.jpg", "huge.gif", "pipe.jpg", "dangling.jpg",
        ]
        #expect(expected.isSubset(of: names), "\(names)")
    }

    @Test func aFolderThatMayNotBeRead() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("good.svg")
        let closed = try thumbnailer.workspace.makeFolder("pictures/closed", mode: 0)
        defer { chmod(closed, 0o700) }
        let whole = try thumbnailer.run(thumbnailer.launch(["--json"]).asNobody(thumbnailer.workspace))
        #expect(whole.ending == .exited(1))
        #expect(whole.errorText.contains("cannot open folder '\(closed)': permission denied"), "\(whole.everything)")
        #expect(try JSONLines(whole.outputText).made.count == 1)
        let alone = try thumbnailer.run(thumbnailer.launch([], folder: closed).asNobody(thumbnailer.workspace))
        #expect(alone.ending == .exited(2))
        #expect(alone.errorText == "thumbnailer: cannot open folder '\(closed)': permission denied\n")
    }

    @Test func aPictureThatMayNotBeRead() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("good.svg")
        let secret = try thumbnailer.addPicture("secret.svg")
        chmod(secret, 0)
        let program = try thumbnailer.run(thumbnailer.launch([]).asNobody(thumbnailer.workspace))
        #expect(program.ending == .exited(1))
        #expect(program.errorText.contains("cannot read '\(secret)': permission denied"), "\(program.everything)")
        #expect(try #require(LastLine(in: program.outputText)).made == 1)
    }

    @Test func anOutputThatMayNotBeWritten() throws {
        let thumbnailer = try Thumbnailer()
        for index in 1...3 { try thumbnailer.addPicture("\(index).svg") }
        try thumbnailer.workspace.makeFolder("out", mode: 0o755)
        let program = try thumbnailer.run(
            thumbnailer.launch([]).asNobody(thumbnailer.workspace, mayWrite: false))
        #expect(program.ending == .exited(1))
        #expect(try #require(LastLine(in: program.outputText)).failed == 3)
        #expect(program.errorText.contains("cannot write '") && program.errorText.contains("permission denied"))
        #expect(thumbnailer.workspace.files(below: "out").isEmpty)
    }

    @Test(.enabled(if: isRoot, "needs to mount a file system")) func aFullDisk() throws {
        let thumbnailer = try Thumbnailer()
        for index in 1...40 { try thumbnailer.addPicture("\(index).svg", width: 900) }
        let disk = try Disk(in: thumbnailer.workspace, options: "size=64k")
        let program = try thumbnailer.run("--json")
        #expect(program.ending == .exited(1))
        let lines = try JSONLines(program.outputText)
        #expect(lines.addsUp && lines.made.count > 0 && lines.failed.count > 0, "\(program.everything)")
        #expect(program.errorText.contains("cannot write '") && program.errorText.contains("no space left on device"))
        // Each that says it was made is whole, and there is nothing else.
        let files = thumbnailer.workspace.files(below: "out").filter { $0.hasPrefix("large/") }
        #expect(files.count == lines.made.count)
        for path in lines.made { #expect(PNG.isWhole(try Data(contentsOf: URL(fileURLWithPath: path)))) }
        withExtendedLifetime(disk) {}
    }

    @Test(.enabled(if: isRoot, "needs to mount a file system")) func aReadOnlyDisk() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        let disk = try Disk(in: thumbnailer.workspace, options: "ro")
        let program = try thumbnailer.run()
        #expect(program.ending == .exited(1))
        #expect(program.errorText.contains("cannot write '") && program.errorText.contains("read-only file system"))
        withExtendedLifetime(disk) {}
    }

    @Test func aPictureThatIsGoneWhenItsTurnComes() throws {
        let thumbnailer = try Thumbnailer()
        // A picture through a link that leads nowhere is found by the walk and not there for the reader.
        symlink("nowhere.svg", thumbnailer.pictures + "/gone.svg")
        try thumbnailer.addPicture("good.svg")
        let program = try thumbnailer.run()
        #expect(program.ending == .exited(1))
        #expect(program.errorText.contains("cannot read '\(thumbnailer.pictures)/gone.svg': no such file or directory"))
        #expect(try #require(LastLine(in: program.outputText)).made == 1)
    }

    @Test func loopsOfLinksEnd() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        try thumbnailer.workspace.makeFolder("pictures/inner")
        symlink("..", thumbnailer.pictures + "/inner/up")
        symlink(".", thumbnailer.pictures + "/here")
        symlink("loop.svg", thumbnailer.pictures + "/loop.svg")
        let program = try thumbnailer.run()
        let last = try #require(LastLine(in: program.outputText))
        #expect((last.made, last.failed) == (1, 1))
        #expect(program.errorText.contains("loop.svg': too many levels of symbolic links"), "\(program.errorText)")
    }

    @Test func theTemporaryFileOfAKilledRunIsRemovedAndThatOfALivingOneIsNot() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        try thumbnailer.workspace.makeFolder("out/large")
        let gone = try thumbnailer.run()
        try thumbnailer.workspace.write("half", to: "out/large/.roost-\(gone.process)-1-1.tmp")
        let start = try #require(ProcessTable.startTime(of: getpid()))
        let living = ".roost-\(getpid())-\(start)-1.tmp"
        try thumbnailer.workspace.write("half", to: "out/large/" + living)
        try thumbnailer.workspace.write("other", to: "out/large/.someone-else.tmp")
        #expect(try thumbnailer.run().ending == .exited(0))
        let files = thumbnailer.workspace.files(below: "out").filter { $0.hasSuffix(".tmp") }
        #expect(files == ["large/.roost-\(getpid())-\(start)-1.tmp", "large/.someone-else.tmp"])
    }

    /// Nobody ever sees a thumbnail's final name on a file that is not whole.
    @Test func aThumbnailAppearsWholeOrNotAtAll() throws {
        let thumbnailer = try Thumbnailer()
        for index in 1...30 { try thumbnailer.addPicture("\(index).svg", width: 300) }
        let folder = try thumbnailer.workspace.makeFolder("out/large")
        for arguments in [[], ["--again"]] {
            let watch = try FolderWatch(folder)
            let program = try Program(thumbnailer.launch(arguments))
            #expect(program.waitForEnd(watching: watch) == .exited(0))
            watch.read()
            let events = watch.events.filter { $0.name.hasSuffix(".png") && !$0.name.hasPrefix(".") }
            #expect(Set(events.map(\.name)).count == 30)
            let touching = events.filter { $0.mask & UInt32(IN_MODIFY | IN_CLOSE_WRITE) != 0 }
            #expect(touching.isEmpty, "written under its final name: \(touching.map(\.name))")
        }
    }
}
