import Glibc
import Testing

@testable import ThumbnailKit

@Suite("The thumbnails folder before the first thumbnail")
struct PreparingTests {
    private let fixture: Fixture
    private let cache: ThumbnailCache

    init() throws {
        fixture = try Fixture()
        cache = ThumbnailCache(root: fixture.pictures.appending("new/cache"))
    }

    private func exists(_ path: RawPath) -> Bool { path.withCString { access($0, F_OK) == 0 } }

    @Test func `it is made and taken back`() throws {
        let made = try cache.prepare(for: .large)
        #expect(made.map { String(decoding: $0.lastComponent, as: UTF8.self) } == ["new", "cache", "large"])
        #expect(try cache.prepare(for: .large).isEmpty)
        cache.takeBack(made)
        #expect(!exists(fixture.pictures.appending("new")))
    }

    @Test func `what somebody has put something into stays`() throws {
        let made = try cache.prepare(for: .large)
        let other = cache.root.appending("other")
        #expect(other.withCString { mkdir($0, 0o700) } == 0)
        cache.takeBack(made)
        #expect(exists(cache.root) && !exists(cache.root.appending("large")))
    }

    @Test func `nothing of it stays where no file can be begun, and the error names it`() throws {
        // A link to a folder in which nobody can make a file, root included.
        let link = fixture.pictures.appending("kernel")
        #expect(link.withCString { symlink("/proc/self", $0) } == 0)
        let cache = ThumbnailCache(root: link)
        let error = #expect(throws: ThumbnailError.self) { try cache.prepare(for: .large) }
        #expect(error?.operation == .write && error?.path == cache.root.appending("large"))
        let file = fixture.pictures.appending("file")
        #expect(file.withCString { creat($0, 0o600) } >= 0)
        #expect(throws: ThumbnailError.self) { try ThumbnailCache(root: file).prepare(for: .large) }
    }
}
