import Glibc
import Testing

@testable import ThumbnailKit

@Suite("A stop at any checkpoint")
struct StopTests {
    private struct Stop: Error, Equatable {
        let call: Int
    }

    @Test(arguments: ["png", "jpeg", "tiff"], [true, false])
    func `passes through unchanged and leaves nothing`(format: String, unnamed: Bool) throws {
        let fixture = try Fixture(door: WritingDoor(usesUnnamedFiles: unnamed))
        let path = fixture.pictures.appending("p.\(format)")
        try path.write(Picture.noise(format, width: 700, height: 500))
        var last = 1
        while true {
            var calls = 0
            do {
                _ = try fixture.thumbnailer().makeThumbnail(of: path) {
                    calls += 1
                    if calls == last { throw Stop(call: calls) }
                }
                break
            } catch {
                #expect(error as? Stop == Stop(call: last))
                #expect(fixture.cacheFiles() == [], "stopped at call \(last)")
            }
            last += 1
        }
        // Look up, open, two pieces and more, finish, scale, encode, write, publish.
        #expect(last > 8)
        #expect(fixture.cacheFiles().count == 1)
    }

    @Test func `a ThumbnailError that the checkpoint throws is a stop, not an outcome`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let stop = ThumbnailError(.undecodable, .decode, path, reason: "not ours")
        #expect(throws: stop) { try fixture.thumbnailer().makeThumbnail(of: path) { throw stop } }
        #expect(fixture.cacheFiles() == [])
    }

    @Test func `descriptors do not leak on any way out`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.noise("png", width: 300, height: 300))
        func isOurs(_ descriptor: Int32) -> Bool {
            var buffer = [CChar](repeating: 0, count: 4096)
            let count = readlink("/proc/self/fd/\(descriptor)", &buffer, buffer.count)
            guard count > 0 else { return false }
            return RawPath(bytes: buffer[..<count].map { UInt8(bitPattern: $0) }).isInside(fixture.folder)
        }
        for call in 1...12 {
            var calls = 0
            _ = try? fixture.thumbnailer(again: true).makeThumbnail(of: path) {
                calls += 1
                if calls == call { throw Stop(call: call) }
            }
            #expect(!(0..<1024).contains { isOurs($0) })
        }
    }
}
