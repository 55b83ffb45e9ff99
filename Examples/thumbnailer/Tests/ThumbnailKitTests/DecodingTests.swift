import Glibc
import Testing

@testable import ThumbnailKit

@Suite("Decoding")
struct DecodingTests {
    @Test(arguments: ["png", "jpeg", "bmp", "tiff", "ico"])
    func `a whole picture is made`(format: String) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.\(format)")
        try path.write(Picture.bytes(format, width: 200, height: 160))
        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        #expect(made.size == PixelSize(width: 128, height: 102))
        let left = try Picture.colour(of: made.path, x: 10, y: 50)
        let right = try Picture.colour(of: made.path, x: 117, y: 50)
        #expect(left[0] > 240 && left[2] < 15)
        #expect(right[0] < 15 && right[2] > 240)
    }

    @Test(arguments: [("png", Int32(1), Int32(1)), ("png", 128, 5), ("jpeg", 20, 128)])
    func `a small picture is not enlarged`(format: String, width: Int32, height: Int32) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p")
        try path.write(Picture.bytes(format, width: width, height: height))
        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        #expect(made.size == PixelSize(width: Int(width), height: Int(height)))
    }

    @Test func `an extreme shape keeps one pixel`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png", width: 5000, height: 1))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made?.size == PixelSize(width: 128, height: 1))
    }

    // The second is large enough to be decoded at an eighth of its size.
    @Test(arguments: [(Int32(100), Int32(60)), (2000, 1200)])
    func `a picture is turned upright`(width: Int32, height: Int32) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.jpg")
        // Orientation 6: the camera was turned, the stored left edge is the real top.
        try path.write(Picture.jpeg(orientation: 6, width: width, height: height))
        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        #expect(made.size.height > made.size.width)
        let top = try Picture.colour(of: made.path, x: made.size.width / 2, y: 3)
        let bottom = try Picture.colour(of: made.path, x: made.size.width / 2, y: made.size.height - 4)
        #expect(top[0] > 200 && bottom[2] > 200)
    }

    @Test func `a FIFO is refused at once`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("pipe.jpg")
        #expect(path.withCString { mkfifo($0, 0o644) } == 0)
        let failure = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        #expect(failure.description == "cannot read '\(path.printable)': it is a FIFO, not a regular file")
    }

    @Test func `an SVG cannot reach the files beside it`() throws {
        let fixture = try Fixture()
        let pipe = fixture.pictures.appending("beside")
        #expect(pipe.withCString { mkfifo($0, 0o644) } == 0)
        let path = fixture.pictures.appending("p.svg")
        for reference in ["beside", pipe.printable, "file://" + pipe.printable] {
            let image = "<image xlink:href=\"\(reference)\" width=\"50\" height=\"50\"/>"
            try path.write(Picture.svg(width: 400, height: 200, inside: image))
            let made = try #require(try fixture.thumbnailer(again: true).makeThumbnail(of: path).made)
            #expect(made.size == PixelSize(width: 128, height: 64))
        }
    }

    @Test func `a vector picture is exempt from the pixel limit, for it is drawn small`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("poster.svg")
        try path.write(Picture.svg(width: 30_000, height: 30_000))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made?.size == PixelSize(width: 128, height: 128))
    }

    @Test(arguments: ["jpeg", "png", "bmp", "tiff"])
    func `a picture cut off in the middle fails`(format: String) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.\(format)")
        let whole = Picture.noise(format, width: 600, height: 400)
        for part in [whole.count / 3, whole.count * 3 / 4] {
            try path.write(whole[..<part])
            let failure = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure, "\(format) \(part)")
            #expect(failure.code == .undecodable)
        }
    }

    @Test func `a JPEG without its end marker is whole enough`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.jpg")
        try path.write(Picture.noise("jpeg", width: 600, height: 400).dropLast(2))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
    }

    @Test func `3600 megapixels in forty bytes are refused by their header`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("huge.gif")
        try path.write(Picture.hugeGIF)
        let failure = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        #expect(failure.code == .tooManyPixels)
        #expect(failure.reason == "60000 x 60000 pixels are more than the limit of 134217728")
    }

    @Test(arguments: ["png", "jpeg", "bmp", "tiff", "ico"])
    func `the pixel limit holds in every format`(format: String) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p")
        try path.write(Picture.bytes(format, width: 100, height: 100))
        let outcome = try fixture.thumbnailer(limits: DecodeLimits(pixels: 9999)).makeThumbnail(of: path)
        #expect(outcome.failure?.code == .tooManyPixels)
    }

    @Test func `a picture that vanishes or changes while it is read is not made`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        for (change, code) in [
            ({ _ = path.withCString { unlink($0) } }, ThumbnailError.Code.notFound),
            ({ path.setModified(seconds: 9) }, .changed),
        ] {
            try path.write(Picture.noise("png", width: 300, height: 300))
            var calls = 0
            let outcome = try fixture.thumbnailer().makeThumbnail(of: path) {
                calls += 1
                if calls == 5 { change() }
            }
            #expect(calls > 5)
            #expect(outcome.failure?.code == code)
        }
        #expect(fixture.cacheFiles() == [])
    }

    @Test(.enabled(if: geteuid() != 0, "root may read everything"))
    func `a picture without permission says so and leaves no entry`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        #expect(path.withCString { chmod($0, 0) } == 0)
        let failure = try fixture.thumbnailer().makeThumbnail(of: path).failure
        #expect(failure?.description == "cannot read '\(path.printable)': permission denied")
        #expect(fixture.cacheFiles() == [])
    }

    @Test func `a piece never unfolds to many pixels`() {
        func piece(_ byteCount: Int, fed: Int = 4096, _ size: PixelSize?) -> Int {
            PictureDecoder.pieceSize(byteCount: byteCount, fed: fed, naturalSize: size)
        }
        #expect(piece(1 << 20, fed: 0, nil) == 4096)
        #expect(piece(1 << 20, fed: 65_536, nil) == 65_536)
        #expect(piece(1 << 20, PixelSize(width: 1000, height: 1000)) == 65_536)
        #expect(piece(60_000, PixelSize(width: 6000, height: 5000)) < 2100)
    }
}
