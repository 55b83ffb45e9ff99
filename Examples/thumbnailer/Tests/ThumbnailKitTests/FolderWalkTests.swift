import Glibc
import Testing

@testable import ThumbnailKit

@Suite("Walking a folder")
struct FolderWalkTests {
    private struct Stop: Error {}

    private func makeFolder(_ path: RawPath, _ mode: mode_t = 0o755) {
        #expect(path.withCString { mkdir($0, mode) } == 0)
    }

    private func link(_ path: RawPath, to target: String) {
        #expect(path.withCString { symlink(target, $0) } == 0)
    }

    private func names(_ walk: FolderWalk, below folder: RawPath) -> [String] {
        walk.compactMap {
            guard case .picture(let path) = $0 else { return nil }
            return RawPath(bytes: path.bytes.dropFirst(folder.bytes.count + 1)).printable
        }
    }

    @Test func `pictures come in a stable order, hidden and other files not at all`() throws {
        let fixture = try Fixture()
        let root = fixture.pictures
        for folder in ["b", "a", ".hidden", "a/deep"] { makeFolder(root.appending(folder)) }
        let files = [
            "z.png", "m.JPG", "x.svg.gz", ".h.png", "text.txt", "png", "b/1.gif", "a/2.tiff", "a/deep/3.bmp",
            ".hidden/4.png",
        ]
        for name in files { try root.appending(name).write([]) }
        let walk = try FolderWalk(folder: root)
        #expect(names(walk, below: root) == ["m.JPG", "x.svg.gz", "z.png", "a/2.tiff", "a/deep/3.bmp", "b/1.gif"])
    }

    @Test func `a hidden folder is walked when it is the one that was asked for`() throws {
        let fixture = try Fixture()
        let hidden = fixture.pictures.appending(".private")
        makeFolder(hidden)
        try hidden.appending("p.png").write([])
        #expect(names(try FolderWalk(folder: hidden), below: hidden) == ["p.png"])
    }

    @Test func `loops end, and a picture is found once, under its own name`() throws {
        let fixture = try Fixture()
        let root = fixture.pictures
        makeFolder(root.appending("real"))
        try root.appending("real/p.png").write([])
        link(root.appending("a-link"), to: "real")
        link(root.appending("loop"), to: ".")
        link(root.appending("real/up"), to: "..")
        link(root.appending("self"), to: "self")
        let outside = fixture.folder.appending("outside")
        makeFolder(outside)
        try outside.appending("q.png").write([])
        link(root.appending("far"), to: "../outside")
        #expect(names(try FolderWalk(folder: root), below: root) == ["real/p.png", "far/q.png"])
    }

    @Test func `links and FIFOs that are named like pictures are findings`() throws {
        let fixture = try Fixture()
        let root = fixture.pictures
        try root.appending("a.png").write([])
        link(root.appending("b.png"), to: "a.png")
        link(root.appending("c.png"), to: "nowhere")
        #expect(root.appending("d.png").withCString { mkfifo($0, 0o644) } == 0)
        makeFolder(root.appending("e.png"))
        #expect(names(try FolderWalk(folder: root), below: root) == ["a.png", "b.png", "c.png", "d.png"])
    }

    @Test func `odd names survive the walk, the thumbnail and the message`() throws {
        let fixture = try Fixture()
        let oddNames: [[UInt8]] = [
            Array("caf".utf8) + [0xE9] + Array(".png".utf8), Array("two\nlines.png".utf8), Array("\u{1B}[31m.png".utf8),
            Array("🐓.png".utf8), Array("back\\slash.png".utf8),
        ]
        for name in oddNames { try fixture.pictures.appending(name).write(Picture.bytes("png", width: 20, height: 20)) }
        var count = 0
        for finding in try FolderWalk(folder: fixture.pictures) {
            guard case .picture(let path) = finding else { continue }
            count += 1
            #expect(oddNames.contains(Array(path.lastComponent)))
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).result == .fresh)
            #expect(path.withCString { unlink($0) } == 0)
        }
        #expect(count == oddNames.count)
        let printed = oddNames.map { RawPath(bytes: $0).printable }
        #expect(printed == ["caf\\xE9.png", "two\\nlines.png", "\\u{1B}[31m.png", "🐓.png", "back\\\\slash.png"])
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `an unreadable folder is a problem, and the walk goes on`() throws {
        let fixture = try Fixture()
        let locked = fixture.pictures.appending("a")
        makeFolder(locked, 0)
        // Readable again, so that the fixture can delete it.
        defer { _ = locked.withCString { chmod($0, 0o700) } }
        makeFolder(fixture.pictures.appending("b"))
        try fixture.pictures.appending("b/p.png").write([])
        let findings = Array(try FolderWalk(folder: fixture.pictures))
        let problem = ThumbnailError(.permissionDenied, .openFolder, locked, reason: "permission denied", errno: EACCES)
        #expect(findings == [.problem(problem), .picture(fixture.pictures.appending("b/p.png"))])
    }

    @Test func `a folder that vanishes before its turn is a problem`() throws {
        let fixture = try Fixture()
        makeFolder(fixture.pictures.appending("a"))
        try fixture.pictures.appending("p.png").write([])
        var walk = try FolderWalk(folder: fixture.pictures)
        #expect(walk.next() == .picture(fixture.pictures.appending("p.png")))
        #expect(fixture.pictures.appending("a").withCString { rmdir($0) } == 0)
        guard case .problem(let problem) = walk.next() else {
            Issue.record("no problem")
            return
        }
        let folder = "\(fixture.pictures.printable)/a"
        #expect(problem.description == "cannot open folder '\(folder)': no such file or directory")
        #expect(walk.next() == nil)
    }

    @Test func `the start must be a folder`() throws {
        let fixture = try Fixture()
        let file = fixture.pictures.appending("p.png")
        try file.write([])
        #expect(throws: ThumbnailError(.notFolder, .openFolder, file, reason: "not a directory", errno: ENOTDIR)) {
            _ = try FolderWalk(folder: file)
        }
        let missing = fixture.pictures.appending("missing")
        let reason = "no such file or directory"
        #expect(throws: ThumbnailError(.notFound, .openFolder, missing, reason: reason, errno: ENOENT)) {
            _ = try FolderWalk(folder: missing)
        }
    }

    @Test func `the thumbnails folder is skipped`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let walk = try FolderWalk(folder: fixture.folder, skipping: fixture.cache)
        // The folder comes into being only now, as it does in a first run.
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
        #expect(names(walk, below: fixture.folder) == ["pictures/p.png"])
    }

    @Test func `a stop ends the walk at once and the walk can go on`() throws {
        let fixture = try Fixture()
        for index in 0..<600 { try fixture.pictures.appending("\(index).png").write([]) }
        var walk = try FolderWalk(folder: fixture.pictures)
        for call in 1...3 {
            var calls = 0
            #expect(throws: Stop.self) {
                _ = try walk.next {
                    calls += 1
                    if calls == call { throw Stop() }
                }
            }
        }
        #expect(Array(walk).count == 600)
    }

    @Test func `the default is the first folder that holds a picture`() throws {
        let fixture = try Fixture()
        let empty = fixture.folder.appending("empty")
        makeFolder(empty)
        let candidates = [fixture.folder.appending("missing"), empty, fixture.pictures]
        #expect(try DefaultFolder.find(among: candidates, checkpoint: {}) == nil)
        try fixture.pictures.appending("p.png").write([])
        #expect(try DefaultFolder.find(among: candidates, checkpoint: {}) == fixture.pictures)
        #expect(throws: Stop.self) { try DefaultFolder.find(among: candidates) { throw Stop() } }
    }
}
