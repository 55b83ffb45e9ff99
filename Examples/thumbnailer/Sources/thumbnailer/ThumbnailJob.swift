import Glibc
import Roost
import RoostTerminal
import Synchronization
import ThumbnailKit

/// One run over one folder.
///
/// Three kinds of workers. *count* learns how many pictures there are, for the time left. *walk* finds them and starts a
/// worker for each, whose handle it sends on; the buffer of the handles is the backpressure: the walk is never far ahead.
/// *thumbnail of …* makes one. The main actor takes the handles in order, waits for each value, and counts.
@MainActor
final class ThumbnailJob {
    typealias Made = WorkerHandle<ThumbnailOutcome, WorkerProgress>

    /// What the walk sends.
    enum Step: Sendable {
        case picture(Made)
        case problem(ThumbnailError)
    }

    /// The picture that the walk had started and could not send any more when it was stopped. It may have been made by
    /// then, and is counted like the others.
    private final class Unsent: Sendable {
        let handle = Mutex<Made?>(nil)
    }

    private let arguments: Arguments
    private let terminal = Terminal()
    private let lines: ResultLines
    private let started = MonotonicTime.now
    private var tally = Tally()
    private var total: Int?

    init(_ arguments: Arguments) {
        self.arguments = arguments
        lines = ResultLines(isJSON: arguments.json)
    }

    /// Returns the exit status.
    func run() async -> Int32 {
        terminal.attach(to: .process)
        let cache = ThumbnailCache(root: arguments.output)
        let walk: FolderWalk
        do {
            guard let folder = try arguments.folder ?? DefaultFolder.find() else {
                return complain("no folder was named, and there are no pictures in the usual places")
            }
            if folder.isRelative || arguments.output?.isRelative == true, !RawPath.hasWorkingFolder {
                return complain("the folder this was started in has gone; name the folders by their whole path")
            }
            walk = try FolderWalk(folder: folder, skipping: cache)
        } catch {
            return complain("\(error)")
        }
        let jobs = arguments.jobs ?? WorkerPool.processorCount
        let makers = WorkerScope(
            "thumbnails", pool: WorkerPool(name: "thumbs", configuration: .init(maximumThreads: jobs)))
        // Walking is mostly waiting for the disk: threads of its own, so that it takes none from the decoders.
        let walkers = WorkerScope("walk", pool: WorkerPool(name: "walk", configuration: .init(maximumThreads: 2)))
        let counter = walkers.start("count") { worker in try Self.count(walk, worker) }
        counter.onUpdate { [self] progress in total = progress.total }
        let thumbnailer = Thumbnailer(cache: cache, size: arguments.size, again: arguments.again)
        let unsent = Unsent()
        let walker = walkers.start("walk", reporting: Step.self, options: .init(sendBuffer: jobs * 8)) { worker in
            cache.removeLeftovers()
            try Self.walk(walk, worker, makers, thumbnailer, unsent)
        }
        await collect(walker)
        if let handle = unsent.handle.withLock({ $0 }) { _ = await take(handle) }
        await terminal.finish()
        await makers.close()
        await walkers.close()
        let wasWritten = await lines.writeLast(tally, after: .now - started)
        return tally.failed > 0 || !wasWritten ? 1 : 0
    }

    private func complain(_ problem: String) -> Int32 {
        StandardStream.error.write(line: "thumbnailer: \(problem)")
        return 2
    }

    private func collect(_ walker: WorkerHandle<Void, Step>) async {
        for await step in walker.sent {
            var isRead = true
            switch step {
            case .problem(let problem):
                tally.addFailure()
                terminal.line("\(problem)")
                isRead = await lines.write(problem)
            case .picture(let handle):
                isRead = await take(handle)
            }
            var progress = WorkerProgress(tally.done, of: total)
            progress.elapsed = .now - started
            terminal.show("thumbnails", progress)
            if !isRead { Shutdown.process.request(.requested("nobody reads the results"), status: 1) }
        }
        if case .failed(let error) = await walker.ending {
            tally.addFailure()
            terminal.line("the walk failed: \(error)")
            _ = await lines.write(failureOf: "the walk", error)
        }
    }

    private func take(_ handle: Made) async -> Bool {
        switch await handle.ending {
        case .finished:
            guard let outcome = try? await handle.value else { return true }
            tally.add(outcome)
            if case .failed(let error) = outcome.result { terminal.line("\(error)") }
            return await lines.write(outcome)
        case .failed(let error):
            tally.addFailure()
            terminal.line("\(handle.name): \(error)")
            return await lines.write(failureOf: handle.name, error)
        case .stopped, .timedOut, .abandoned:
            // Not made; the next run makes it.
            return true
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
