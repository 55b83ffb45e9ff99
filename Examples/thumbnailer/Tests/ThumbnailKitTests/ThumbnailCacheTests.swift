import Glibc
import Testing

@testable import ThumbnailKit

@Suite("The thumbnails folder as the standard describes it")
struct ThumbnailCacheTests {
    @Test func `the standard's own example has the standard's name`() {
        let uri = ThumbnailCache.uri(of: RawPath("/home/jens/photos/me.png"))
        #expect(uri == "file:///home/jens/photos/me.png")
        #expect(ThumbnailCache.fileName(forURI: uri) == "c6ee772d9e49320e97ec29a7eb5b1697.png")
        let cache = ThumbnailCache(root: RawPath("/c"), application: "a", version: "2")
        let name = "c6ee772d9e49320e97ec29a7eb5b1697.png"
        #expect(cache.thumbnailPath(forURI: uri, size: .xxLarge) == RawPath("/c/xx-large/\(name)"))
        #expect(cache.failPath(forURI: uri) == RawPath("/c/fail/a-2/\(name)"))
    }

    @Test func `sizes have the standard's pixels and folders`() {
        #expect(ThumbnailSize.allCases.map(\.pixels) == [128, 256, 512, 1024])
        #expect(ThumbnailSize.allCases.map(\.folderName) == ["normal", "large", "x-large", "xx-large"])
        #expect(ThumbnailSize(rawValue: "huge") == nil)
    }

    @Test func `a URI escapes what is not ASCII and is made of the canonical path`() {
        #expect(ThumbnailCache.uri(of: RawPath("/a/./b/../ü #%.png")) == "file:///a/%C3%BC%20%23%25.png")
        #expect(ThumbnailCache.uri(of: RawPath(bytes: Array("/caf".utf8) + [0xE9])) == "file:///caf%E9")
    }

    @Test func `a thumbnail carries the standard's texts, private modes and fits its size`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        path.setModified(seconds: 1_234_567_890)
        let outcome = try fixture.thumbnailer().makeThumbnail(of: path)
        let made = try #require(outcome.made)
        #expect(made.path == fixture.cache.thumbnailPath(forURI: outcome.uri, size: .normal))
        #expect(made.size == PixelSize(width: 128, height: 85))
        #expect(made.naturalSize == PixelSize(width: 300, height: 200))
        #expect(made.path.mode == 0o600)
        #expect(made.path.folder.mode == 0o700)
        #expect(fixture.cache.root.mode == 0o700)
        let texts = try #require(PNGHeader(path: made.path)?.texts)
        #expect(texts["Thumb::URI"] == outcome.uri)
        #expect(texts["Thumb::MTime"] == "1234567890")
        #expect(texts["Thumb::Size"] == String(try path.contents().count))
        #expect(texts["Thumb::Mimetype"] == "image/png")
        #expect(texts["Thumb::Image::Width"] == "300")
        #expect(texts["Thumb::Image::Height"] == "200")
        #expect(texts["Software"] == "kit 1.2")
    }

    @Test func `thumbnails are not pictures to make thumbnails of, under any name`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let made = try #require(try fixture.thumbnailer().makeThumbnail(of: path).made)
        let link = fixture.pictures.appending("link")
        #expect(fixture.cache.root.withCString { target in link.withCString { symlink(target, $0) } } == 0)
        let linked = link.appending("normal").appending(made.path.lastComponent)
        for path in [made.path, linked] {
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).failure?.code == .insideThumbnails)
        }
    }
}

@Suite("When a thumbnail is made again")
struct FreshnessTests {
    private func fixture() throws -> (Fixture, RawPath) {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.jpg")
        try path.write(Picture.bytes("jpeg"))
        path.setModified(seconds: 1000)
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
        return (fixture, path)
    }

    @Test func `an unchanged picture is fresh, unless it is wanted again`() throws {
        let (fixture, path) = try fixture()
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).result == .fresh)
        #expect(try fixture.thumbnailer(again: true).makeThumbnail(of: path).made != nil)
        #expect(try fixture.thumbnailer(.large).makeThumbnail(of: path).made != nil)
    }

    @Test(arguments: [999, 1001]) func `another time makes it stale, later or earlier`(seconds: Int) throws {
        let (fixture, path) = try fixture()
        path.setModified(seconds: seconds)
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).result == .fresh)
    }

    @Test func `a picture that grew within the same second is stale`() throws {
        let (fixture, path) = try fixture()
        try path.write(Picture.bytes("jpeg") + [0])
        path.setModified(seconds: 1000)
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
    }

    @Test func `a damaged thumbnail is stale wherever it is damaged`() throws {
        let (fixture, path) = try fixture()
        let thumbnail = fixture.cache.thumbnailPath(forURI: ThumbnailCache.uri(of: path), size: .normal)
        let good = try thumbnail.contents()
        for count in [0, 1, 8, 20, 33, 60, good.count / 2, good.count - 1] {
            try thumbnail.write(good[..<count])
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil, "cut to \(count) bytes")
        }
        for offset in [3, 9, 14, 36] {
            var bad = good
            bad[offset] = 0xFF
            try thumbnail.write(bad)
            #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil, "byte \(offset)")
        }
    }

    @Test func `chunk lengths that lead nowhere end the search`() {
        let signature: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
        #expect(PNGHeader.parse([]) == .damaged)
        #expect(PNGHeader.parse(signature) == .needsMore)
        #expect(PNGHeader.parse(signature + [0xFF, 0xFF, 0xFF, 0xFF] + Array("IHDR".utf8)) == .damaged)
        #expect(PNGHeader.parse(signature + [0, 0, 0, 1] + Array("IDAT".utf8)) == .damaged)
    }
}

@Suite("Pictures that cannot be decoded")
struct FailEntryTests {
    @Test func `broken content leaves an entry, and its reason is remembered until the file changes`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("text.jpg")
        try path.write("this is no picture".utf8)
        path.setModified(seconds: 5)
        let first = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        #expect(!first.isRemembered)
        let name = ThumbnailCache.fileName(forURI: ThumbnailCache.uri(of: path))
        #expect(fixture.cacheFiles() == ["fail/kit-1.2/\(name)"])
        let entry = fixture.cache.failPath(forURI: ThumbnailCache.uri(of: path))
        #expect(entry.mode == 0o600)
        #expect(try Picture.colour(of: entry, x: 0, y: 0).count == 3)

        let second = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        #expect(second.isRemembered)
        #expect(second.reason == first.reason)
        #expect(second.code == first.code && first.code == .unknownFormat)
        let third = try #require(try fixture.thumbnailer(again: true).makeThumbnail(of: path).failure)
        #expect(!third.isRemembered)

        try path.write(Picture.bytes("jpeg"))
        #expect(try fixture.thumbnailer().makeThumbnail(of: path).made != nil)
        #expect(fixture.cacheFiles() == ["normal/\(name)"], "the entry is gone with its reason")
    }

    @Test(arguments: [("Roost::Code", "Other::Code"), ("unknownFormat", "notFoundAtAll")])
    func `an entry that does not say the kind is a failure all the same`(word: String, other: String) throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("text.jpg")
        try path.write("this is no picture".utf8)
        let first = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        let entry = fixture.cache.failPath(forURI: ThumbnailCache.uri(of: path))
        // Of the same length, so that the file stays whole.
        let place = try #require(try entry.contents().firstRange(of: Array(word.utf8)))
        var bytes = try entry.contents()
        bytes.replaceSubrange(place, with: other.utf8.prefix(place.count))
        try entry.write(bytes)
        let second = try #require(try fixture.thumbnailer().makeThumbnail(of: path).failure)
        #expect(second.isRemembered && second.code == .failedBefore && second.reason == first.reason)
    }

    @Test func `what took too much is tried again where there is more`() throws {
        let fixture = try Fixture()
        let path = fixture.pictures.appending("p.png")
        try path.write(Picture.bytes("png"))
        let (uri, facts) = (ThumbnailCache.uri(of: path), try FileFacts(of: path))
        let limit = ThumbnailError.Limit.time(.seconds(2))
        let thumbnailer = fixture.thumbnailer()
        let error = ThumbnailError(.tooMuchTime, .decode, path, reason: "it took longer than 2 s", limit: limit)
        _ = thumbnailer.remembering(error, uri: uri, facts: facts)
        var asked: [ThumbnailError.Limit] = []
        for hasMore in [false, true] {
            let lookup = try thumbnailer.lookUp(path, uri: uri) {
                asked.append($0)
                return hasMore
            }
            switch lookup {
            case .over(let result):
                #expect(!hasMore)
                let failure = try #require(ThumbnailOutcome(path: path, uri: uri, result: result).failure)
                #expect(failure.isRemembered && failure.code == .tooMuchTime && failure.limit == limit)
            case .needed: #expect(hasMore)
            }
        }
        #expect(asked == [limit, limit])
        // In this process nothing would end it.
        #expect(try thumbnailer.makeThumbnail(of: path).failure?.isRemembered == true)
    }

    @Test func `a limit is the same after it was written down`() {
        let limits: [ThumbnailError.Limit] = [
            .processorTime(.seconds(0.3)), .time(.seconds(3_600)), .memory(bytes: 512 << 20),
        ]
        for limit in limits { #expect(ThumbnailError.Limit("\(limit)") == limit) }
        #expect("\(limits[0])" == "processorTime 300")
        for text in ["", "time", "time ", "time x", "colour 5", "time 5 s"] {
            #expect(ThumbnailError.Limit(text) == nil)
        }
    }

    @Test func `what may pass leaves no entry`() throws {
        let fixture = try Fixture()
        let empty = fixture.pictures.appending("empty.png")
        try empty.write([])
        let large = fixture.pictures.appending("large.png")
        try large.write(Picture.bytes("png"))
        let folder = fixture.pictures.appending("folder.png")
        #expect(folder.withCString { mkdir($0, 0o755) } == 0)
        let thumbnailer = fixture.thumbnailer(limits: DecodeLimits(pixels: 1000))
        let missing = fixture.pictures.appending("missing.png")
        let codes = try [empty, large, folder, missing].map { try thumbnailer.makeThumbnail(of: $0).failure?.code }
        #expect(codes == [.empty, .tooManyPixels, .notRegularFile, .notFound])
        let small = try fixture.thumbnailer(limits: DecodeLimits(bytes: 10)).makeThumbnail(of: large)
        #expect(small.failure?.code == .tooManyBytes)
        #expect(fixture.cacheFiles() == [])
    }
}
