import Glibc
import Roost
import Synchronization
import ThumbnailDecoding
import ThumbnailKit

/// One run over one folder, whoever shows it.
///
/// Three kinds of workers. *count* learns how many pictures there are, for the time left. *walk* finds them and starts a
/// worker for each, whose handle it sends on; *thumbnail of …* makes one, with its decoding in a process of its own. The main
/// actor shows each as it is done, so a slow one holds nobody up; how many may be begun and not yet shown is the backpressure:
/// the walk is never far ahead.
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
        static let nameOfMakers = "thumbnails"

        let jobs: Int
        let makers: WorkerScope
        let walkers: WorkerScope
        /// Nil when pictures are decoded in this process. What a maker has decoded there ends with the maker.
        let decoders: Decoders?

        init(_ arguments: Arguments) throws {
            jobs = arguments.jobs ?? WorkerPool.processorCount
            makers = WorkerScope(
                Self.nameOfMakers, pool: WorkerPool(name: "thumbs", configuration: .init(maximumThreads: jobs)))
            // Walking is mostly waiting for the disk: threads of its own, so that it takes none from the decoders.
            walkers = WorkerScope("walk", pool: WorkerPool(name: "walk", configuration: .init(maximumThreads: 2)))
            let time = Duration.seconds(arguments.decodeTime ?? 10)
            decoders = arguments.inProcess ? nil : try Decoders(jobs: jobs, limits: .init(processorTime: time))
        }

        func pause() {
            walkers.pause()
            makers.pause()
            decoders?.pause()
        }

        func resume() {
            decoders?.resume()
            makers.resume()
            walkers.resume()
        }

        func stop(_ reason: StopReason) {
            walkers.stop(reason)
            makers.stop(reason)
        }

        func close() async {
            await makers.close()
            await walkers.close()
            await decoders?.close()
        }
    }

    /// Relative names have no meaning any more.
    struct GoneWorkingFolder: Error, CustomStringConvertible {
        let description = "the folder this was started in has gone; name the folders by their whole path"
    }

    private let walk: FolderWalk
    private let thumbnailer: Thumbnailer
    private let scopes: Scopes

    init(_ arguments: Arguments, of folder: RawPath, scopes: Scopes) throws {
        if folder.isRelative || arguments.output?.isRelative == true, !RawPath.hasWorkingFolder {
            throw GoneWorkingFolder()
        }
        let cache = ThumbnailCache(root: arguments.output)
        walk = try FolderWalk(folder: folder, skipping: cache)
        thumbnailer = Thumbnailer(cache: cache, size: arguments.size, again: arguments.again)
        self.scopes = scopes
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
        let make = maker
        let walker = scopes.walkers.start("walk", reporting: Step.self, options: .init(sendBuffer: scopes.jobs)) {
            [walk] worker in
            try Self.walk(walk, worker, unsent, make)
        }
        let results = RunResults(limit: scopes.jobs * 8)
        async let collecting: Void = collect(walker, unsent, into: results)
        var isWhole = true
        while let result = await results.next() {
            switch result {
            case .problem(let problem): await handle(.problem(problem))
            case .picture(let picture, let ending):
                if await !show(picture, ending, handle) { isWhole = false }
            }
            results.shown()
        }
        await collecting
        switch await walker.ending {
        case .finished: return isWhole
        case .failed(let error), .crashed(let error): await handle(.failure(worker: "the walk", error))
        case .stopped, .timedOut, .abandoned: break
        }
        return false
    }

    /// Adds what the walk sends to the results, each once it has its ending.
    private func collect(
        _ walker: WorkerHandle<Void, Step>, _ unsent: Unsent, into results: RunResults
    ) async {
        await withDiscardingTaskGroup { group in
            for await step in walker.sent {
                await results.begin()
                switch step {
                case .problem(let problem): results.add(.problem(problem))
                case .picture(let picture):
                    group.addTask { await results.add(picture) }
                }
            }
            if let picture = unsent.handle.withLock({ $0 }) {
                await results.begin()
                group.addTask { await results.add(picture) }
            }
        }
        results.finish()
    }

    /// False for one that was not made because it was stopped.
    private func show(
        _ picture: Made, _ ending: WorkerEnding, _ handle: @MainActor (Event) async -> Void
    ) async -> Bool {
        switch ending {
        case .finished:
            if let outcome = try? await picture.value { await handle(.outcome(outcome)) }
        case .failed(let error), .crashed(let error): await handle(.failure(worker: picture.name, error))
        case .stopped, .timedOut, .abandoned: return false  // the next run makes it
        }
        return true
    }

    /// Starts the worker that makes the thumbnail of a picture.
    private var maker: @Sendable (RawPath) -> Made {
        { [thumbnailer, makers = scopes.makers, decoders = scopes.decoders] path in
            let name = "thumbnail of \(String(decoding: path.lastComponent, as: UTF8.self))"
            guard let decoders else {
                return makers.start(name) { maker in
                    try thumbnailer.makeThumbnail(of: path) { try maker.checkpoint() }
                }
            }
            return makers.start(name) { maker async throws in
                try await decoders.makeThumbnail(of: path, with: thumbnailer, maker)
            }
        }
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
        _ walk: FolderWalk, _ worker: WorkerContext<Step>, _ unsent: Unsent, _ make: (RawPath) -> Made
    ) throws {
        var walk = walk
        while let finding = try walk.next(checkpoint: { try worker.checkpoint() }) {
            switch finding {
            case .problem(let problem): try worker.send(.problem(problem))
            case .picture(let path):
                let handle = make(path)
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
