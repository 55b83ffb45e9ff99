import Glibc
import Roost
import Synchronization
import ThumbnailKit

/// One run over one folder, whoever shows it.
///
/// Three kinds of workers. *count* learns how many pictures there are, for the time left. *walk* finds them and starts a
/// worker for each, whose handle it sends on; the buffer of the handles is the backpressure: the walk is never far ahead.
/// *thumbnail of …* makes one. The main actor takes the handles in order, and waits for each ending.
@MainActor
final class ThumbnailRun {
    typealias Made = WorkerHandle<ThumbnailOutcome, WorkerProgress>

    /// What there is to show.
    enum Event {
        case outcome(ThumbnailOutcome)
        /// Something beside a picture, a folder for instance, that could not be read.
        case problem(ThumbnailError)
        /// A worker failed with an error of no picture's.
        case failure(worker: String, any Error)
    }

    /// What the walk sends.
    private enum Step: Sendable {
        case picture(Made)
        case problem(ThumbnailError)
    }

    /// The picture that the walk had started and could not send any more when it was stopped. It may have been made by
    /// then, and is counted like the others.
    private final class Unsent: Sendable {
        let handle = Mutex<Made?>(nil)
    }

    /// Where a run's workers live.
    struct Scopes {
        let makers: WorkerScope
        let walkers: WorkerScope

        init(jobs: Int) {
            makers = WorkerScope(
                "thumbnails", pool: WorkerPool(name: "thumbs", configuration: .init(maximumThreads: jobs)))
            // Walking is mostly waiting for the disk: threads of its own, so that it takes none from the decoders.
            walkers = WorkerScope("walk", pool: WorkerPool(name: "walk", configuration: .init(maximumThreads: 2)))
        }

        func close() async {
            await makers.close()
            await walkers.close()
        }
    }

    /// Relative names have no meaning any more.
    struct GoneWorkingFolder: Error, CustomStringConvertible {
        let description = "the folder this was started in has gone; name the folders by their whole path"
    }

    private let walk: FolderWalk
    private let cache: ThumbnailCache
    private let thumbnailer: Thumbnailer
    private let jobs: Int
    private let scopes: Scopes

    init(_ arguments: Arguments, of folder: RawPath, scopes: Scopes, jobs: Int) throws {
        if folder.isRelative || arguments.output?.isRelative == true, !RawPath.hasWorkingFolder {
            throw GoneWorkingFolder()
        }
        cache = ThumbnailCache(root: arguments.output)
        walk = try FolderWalk(folder: folder, skipping: cache)
        thumbnailer = Thumbnailer(cache: cache, size: arguments.size, again: arguments.again)
        self.scopes = scopes
        self.jobs = jobs
    }

    /// Calls `counted` once it is known how many pictures there are, and `handle` with everything there is to show, one after
    /// the other; returns when all has ended, also after a stop: true when nothing was left out.
    @discardableResult
    func run(
        counted: @escaping @MainActor @Sendable (Int) -> Void, _ handle: @MainActor (Event) async -> Void
    ) async -> Bool {
        let counter = scopes.walkers.start("count") { [walk] worker in try Self.count(walk, worker) }
        counter.onUpdate { progress in if let total = progress.total { counted(total) } }
        let unsent = Unsent()
        let walker = scopes.walkers.start("walk", reporting: Step.self, options: .init(sendBuffer: jobs * 8)) {
            [cache, walk, makers = scopes.makers, thumbnailer] worker in
            cache.removeLeftovers()
            try Self.walk(walk, worker, makers, thumbnailer, unsent)
        }
        var isWhole = true
        for await step in walker.sent {
            switch step {
            case .problem(let problem): await handle(.problem(problem))
            case .picture(let picture): if await !take(picture, handle) { isWhole = false }
            }
        }
        if let picture = unsent.handle.withLock({ $0 }), await !take(picture, handle) { isWhole = false }
        switch await walker.ending {
        case .finished: return isWhole
        case .failed(let error), .crashed(let error): await handle(.failure(worker: "the walk", error))
        case .stopped, .timedOut, .abandoned: break
        }
        return false
    }

    /// False for one that was not made because it was stopped.
    private func take(_ picture: Made, _ handle: @MainActor (Event) async -> Void) async -> Bool {
        switch await picture.ending {
        case .finished:
            if let outcome = try? await picture.value { await handle(.outcome(outcome)) }
        case .failed(let error), .crashed(let error): await handle(.failure(worker: picture.name, error))
        case .stopped, .timedOut, .abandoned: return false  // the next run makes it
        }
        return true
    }

    // MARK: On workers

    nonisolated private static func count(_ walk: FolderWalk, _ worker: WorkerContext<WorkerProgress>) throws {
        var walk = walk
        var count = 0
        while let finding = try walk.next(checkpoint: { try worker.checkpoint() }) {
            if case .picture = finding { count += 1 }
        }
        worker.report(count, of: count)
    }

    nonisolated private static func walk(
        _ walk: FolderWalk, _ worker: WorkerContext<Step>, _ makers: WorkerScope, _ thumbnailer: Thumbnailer,
        _ unsent: Unsent
    ) throws {
        var walk = walk
        while let finding = try walk.next(checkpoint: { try worker.checkpoint() }) {
            switch finding {
            case .problem(let problem): try worker.send(.problem(problem))
            case .picture(let path):
                let name = String(decoding: path.lastComponent, as: UTF8.self)
                let handle = makers.start("thumbnail of \(name)") { maker in
                    try thumbnailer.makeThumbnail(of: path) { try maker.checkpoint() }
                }
                do {
                    try worker.send(.picture(handle))
                } catch {
                    unsent.handle.withLock { $0 = handle }
                    throw error
                }
            }
        }
    }
}
