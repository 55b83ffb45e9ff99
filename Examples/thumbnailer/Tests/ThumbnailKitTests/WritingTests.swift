import Foundation
import Glibc
import Synchronization
import Testing

@testable import ThumbnailKit

@Suite("Writing a thumbnail")
struct WritingTests {
    @Test(arguments: [true, false]) func `replaces an old one, with and without O_TMPFILE`(unnamed: Bool) throws {
        let fixture = try Fixture(door: WritingDoor(usesUnnamedFiles: unnamed))
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        for _ in 0..<3 {
            #expect(try fixture.thumbnailer(again: true).makeThumbnail(of: path).made?.path.mode == 0o600)
            #expect(fixture.cacheFiles().count == 1)
        }
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).result == .fresh)
    }

    @Test func `goes on after an interruption and a short write`() throws {
        let turn = Atomic<Int>(0)
        let door = WritingDoor { descriptor, bytes in
            if turn.wrappingAdd(1, ordering: .relaxed).newValue.isMultiple(of: 2) {
                errno = EINTR
                return -1
            }
            return Glibc.write(descriptor, bytes.baseAddress, min(bytes.count, 7))
        }
        let fixture = try Fixture(door: door)
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        #expect(try Picture.colour(of: made.path, x: 3, y: 3)[0] > 240)
    }

    @Test(
        arguments: [
            (ENOSPC, ThumbnailError.Code.diskFull, "no space left on device"),
            (EDQUOT, .diskFull, "disk quota exceeded"),
            (EROFS, .readOnly, "read-only file system"), (EACCES, .permissionDenied, "permission denied"),
            (EIO, .system, "input/output error"),
        ], [true, false])
    func `an error of the disk names the file and leaves nothing`(
        error: (number: Int32, code: ThumbnailError.Code, reason: String), unnamed: Bool
    ) throws {
        let number = error.number
        let door = WritingDoor(usesUnnamedFiles: unnamed) { _, _ in
            errno = number
            return -1
        }
        let fixture = try Fixture(door: door)
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let outcome = try fixture.thumbnailer().makeThumbnail(of: path)
        let failure = try #require(outcome.failure)
        #expect(failure.code == error.code)
        #expect(failure.errno == number)
        let target = fixture.cache.thumbnailPath(forURI: outcome.uri, size: .normal)
        #expect(failure.description == "cannot write '\(target.printable)': \(error.reason)")
        #expect(fixture.cacheFiles() == [])
    }

    @Test(.enabled(if: TemporaryFileSystem.isAllowed, "needs the right to mount"))
    func `a full disk and a read-only one are told apart`() throws {
        let disk = try #require(TemporaryFileSystem(options: "size=16k,mode=0700"))
        let fixture = try Fixture(root: disk.path.appending("thumbnails"))
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.noise("png", width: 128, height: 128))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).failure?.code == .diskFull)
        #expect(fixture.cacheFiles() == [])
        #expect(disk.makeReadOnly())
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).failure?.code == .readOnly)
    }

    @Test(.enabled(if: geteuid() != 0, "root may write everywhere"))
    func `an output folder without permission is named`() throws {
        let fixture = try Fixture()
        #expect(fixture.cache.root.withCString { mkdir($0, 0o500) } == 0)
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).failure?.code == .permissionDenied)
    }

    @Test func `a file where the folder should be is an error, not a loss`() throws {
        let fixture = try Fixture()
        try fixture.cache.root.write([1, 2, 3])
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).failure?.code == .notFolder)
        #expect(try fixture.cache.root.contents() == [1, 2, 3])
    }

    @Test func `sixteen threads on eight pictures leave eight whole thumbnails`() throws {
        let fixture = try Fixture()
        let paths = try (0..<8).map { index in
            let path = fixture.pictures.appending("\(index)")
            try path.write(Picture.noise(["png", "jpeg", "tiff", "bmp"][index % 4], width: 300, height: 200))
            return path
        }
        let failures = Atomic<Int>(0)
        DispatchQueue.concurrentPerform(iterations: 64) { index in
            let outcome = try? fixture.thumbnailer(again: true).makeThumbnail(of: paths[index % 8])
            if outcome?.made == nil { failures.wrappingAdd(1, ordering: .relaxed) }
        }
        #expect(failures.load(ordering: .relaxed) == 0)
        #expect(fixture.cacheFiles().count == 8)
        for path in paths {
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).result == .fresh)
        }
    }
}

@Suite("Leftovers of killed writers")
struct LeftoverTests {
    @Test func `only temporary files of processes that are gone are deleted`() throws {
        let fixture = try Fixture()
        let folder = fixture.cache.folder(for: .normal)
        try FolderMaker.make(folder, reporting: folder)
        let me = WriterIdentity.current
        #expect(me.startTime > 0)
        let mine = TemporaryName(writer: me, number: 7).text
        let recycled = TemporaryName(writer: WriterIdentity(pid: me.pid, startTime: me.startTime + 1), number: 7).text
        // The kernel gives out no pid of this size, whatever pid_max says.
        let dead = TemporaryName(writer: WriterIdentity(pid: .max, startTime: 5), number: 1).text
        let others = [".roost-1-2.tmp", ".roost-x-1-1.tmp", ".other.tmp", "c6ee772d9e49320e97ec29a7eb5b1697.png"]
        for name in [mine, recycled, dead] + others { try folder.appending(name).write([0]) }
        #expect(fixture.cache.removeLeftovers() == 2)
        #expect(fixture.cacheFiles() == ([mine] + others).map { "normal/\($0)" }.sorted())
        #expect(fixture.cache.removeLeftovers() == 0)
    }

    @Test func `names round-trip`() {
        let name = TemporaryName.next()
        #expect(TemporaryName(name.text) == name)
        #expect(TemporaryName.next() != name)
    }
}

/// A small memory file system of a test's own; unmounted with the value.
final class TemporaryFileSystem {
    let path: RawPath

    static let isAllowed: Bool = geteuid() == 0 && TemporaryFileSystem(options: "size=4k") != nil

    init?(options: String) {
        var template = Array("\(FileManager.default.temporaryDirectory.path)/thumbnail-kit-disk-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { return nil }
        path = RawPath(cString: template)
        if path.withCString({ path in options.withCString { mount("tmpfs", path, "tmpfs", 0, $0) } }) != 0 {
            _ = path.withCString { rmdir($0) }
            return nil
        }
    }

    func makeReadOnly() -> Bool {
        path.withCString { mount("tmpfs", $0, "tmpfs", UInt(MS_REMOUNT | MS_RDONLY), nil) } == 0
    }

    deinit {
        path.withCString {
            _ = umount2($0, Int32(MNT_DETACH))
            rmdir($0)
        }
    }
}
