import Foundation
import Glibc
import Testing

@testable import ThumbnailKit

/// Formats gdk-pixbuf reads and does not write, as bytes: 40 × 30 pixels, red; animations turn blue in the second frame.
private enum Encoded {
    static let webp = "UklGRhwAAABXRUJQVlA4TA8AAAAvJ0AHAAcQ/Y/+ByKi/wEA"
    static let animatedWebP = """
        UklGRoQAAABXRUJQVlA4WAoAAAACAAAAJwAAHQAAQU5JTQYAAAAAAAAAAABBTk1GKAAAAAAAAAAAACcAAB0AAGQAAAJWUDhMDwAAAC8nQAcABxD9
        j/4HIqL/AQBBTk1GKAAAAAAAAAAAACcAAB0AAGQAAABWUDhMDwAAAC8nQAcABxDR//4HIqL/AQA=
        """
    static let animatedGIF = """
        R0lGODlhKAAeAIEAAP8AAAAAAAAAAAAAACH5BAAKAAAALAAAAAAoAB4AAAg6AAEIHEiwoMGDCBMqXMiwocOHECNKnEixosWLGDNq3Mixo8ePIEOK
        HEmypMmTKFOqXMmypcuXMDEGBAAh+QQACgAAACwAAAAAKAAeAIEAAP8AAAAAAAAAAAAIOgABCBxIsKDBgwgTKlzIsKHDhxAjSpxIsaLFixgzatzI
        saPHjyBDihxJsqTJkyhTqlzJsqXLlzAxBgQAOw==
        """

    static func bytes(_ base64: String) throws -> [UInt8] {
        Array(try #require(Data(base64Encoded: base64, options: .ignoreUnknownCharacters)))
    }
}

@Suite("WebP, GIF and the first frame")
struct FirstFrameTests {
    @Test(arguments: [Encoded.webp, Encoded.animatedWebP, Encoded.animatedGIF])
    func `the first frame is made, the limit holds, and a stop and a cut leave nothing`(base64: String) throws {
        struct Stop: Error {}
        let fixture = try Fixture()
        let whole = try Encoded.bytes(base64)
        let path = fixture.pictures.appending("p")
        try path.write(whole)
        let small = fixture.thumbnailer(limits: DecodeLimits(pixels: 1199))
        #expect(try small.makeThumbnail(of: path).failure?.code == .tooManyPixels)

        var calls = 0
        #expect(throws: Stop.self) {
            try fixture.thumbnailer().makeThumbnail(of: path) {
                calls += 1
                if calls == 5 { throw Stop() }
            }
        }
        #expect(fixture.cacheFiles() == [])

        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        #expect(made.size == PixelSize(width: 40, height: 30))
        #expect(try Picture.colour(of: made.path, x: 20, y: 15) == [255, 0, 0])

        try path.write(whole[..<30])
        #expect(try fixture.thumbnailer(again: true).makeThumbnail(of: path).failure?.code == .undecodable)
    }
}
