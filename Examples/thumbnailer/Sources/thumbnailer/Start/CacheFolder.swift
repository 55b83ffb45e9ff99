import Synchronization
import ThumbnailKit

/// The folder of thumbnails at the start: made, seen to be writable, and rid of what killed runs left.
final class CacheFolder: Sendable {
    private let cache: ThumbnailCache
    private let size: ThumbnailSize
    private let made = Mutex<[RawPath]>([])

    init(_ arguments: Arguments) {
        cache = ThumbnailCache(root: arguments.output)
        size = arguments.size
    }

    func make() throws {
        let made = try cache.prepare(for: size)
        self.made.withLock { $0 += made }
        cache.removeLeftovers()
    }

    func takeBack() {
        let made = made.withLock { made in
            defer { made = [] }
            return made
        }
        cache.takeBack(made)
    }
}
