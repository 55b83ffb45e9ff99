import Roost
import RoostProcess
import Synchronization
import ThumbnailKit

/// The processes that decode pictures, so that none of them takes the app down, holds it up, or eats the machine's memory.
///
/// There are two lanes. In the ordinary one as many pictures are decoded at a time as there are jobs, each within 128 MiB: room
/// for some thirty megapixels, and for any JPEG whose decoder works row by row. What says in its header that it takes more, or
/// turns out to, goes through the lane for large ones, one at a time, within 512 MiB. With two jobs a run so takes at most 768 MiB
/// beside the app and what its workers begin with, and 128 MiB more for each further job.
package final class Decoders: Sendable {
    /// What decoding one picture may take.
    package struct Limits: Sendable {
        /// Of the processor.
        package var processorTime = Duration.seconds(10)
        /// By the clock, for what waits without using the processor.
        package var time = Duration.seconds(120)
        /// Of memory, in bytes, in the ordinary lane.
        package var memory = 128 << 20
        /// Of memory, in bytes, in the lane for large pictures.
        package var memoryOfLargeOnes = 512 << 20

        package init(processorTime: Duration = .seconds(10)) {
            self.processorTime = processorTime
        }

        /// Whether a picture that went over `limit` in an earlier run has more now.
        func haveMore(than limit: ThumbnailError.Limit) -> Bool {
            let now: ThumbnailError.Limit =
                switch limit.kind {
                case .processorTime: .processorTime(processorTime)
                case .time: .time(time)
                case .memory: .memory(bytes: memoryOfLargeOnes)
                }
            return now.amount > limit.amount
        }

        /// What a header may announce for the ordinary lane: decoders take more than the pixels.
        fileprivate var announced: Int { memory / 4 * 3 }
        /// A worker that keeps so much more after a picture than it began with is replaced.
        fileprivate var growth: Int { memory / 2 }
    }

    let jobs: Int
    private let limits: Limits
    let ordinary: ProcessPool
    private let large: ProcessPool
    let scope = WorkerScope("decoders")
    private let pauses = Atomic<Int>(0)

    /// - Parameters:
    ///   - jobs: How many pictures are decoded at a time.
    ///   - executable: What the decoders run.
    package init(jobs: Int, limits: Limits = Limits(), executable: WorkerExecutable = .same) throws {
        func pool(_ name: String, _ workers: Int, _ memory: Int) throws -> ProcessPool {
            let each = TaskLimits(time: limits.time, cpuTime: limits.processorTime, memory: memory)
            var configuration = ProcessPool.Configuration(
                name: name, workers: 0...workers, executable: executable, limits: each)
            configuration.growthPerWorker = limits.growth
            // A codec's stack is of no use to whoever looks for the reason, and what writes it takes memory, too.
            configuration.takesBacktraces = false
            // It would stand in the middle of the progress line; what matters is in the crash's reason.
            configuration.onOutput = { _ in }
            return try ProcessPool(configuration, setup: DecoderSetup())
        }
        self.jobs = jobs
        self.limits = limits
        ordinary = try pool("decoders", jobs, limits.memory)
        large = try pool("decoders of large pictures", 1, limits.memoryOfLargeOnes)
    }

    // MARK: Thumbnails

    /// Makes a thumbnail as `Thumbnailer.makeThumbnail` does, but for the decoding: that is done in a worker process.
    ///
    /// Throws when `maker` was stopped, and when no worker could be had. Everything that can be wrong with the picture or
    /// the disk is an outcome.
    package func makeThumbnail(
        of path: RawPath, with thumbnailer: Thumbnailer, _ maker: AsyncWorkerContext<WorkerProgress>
    ) async throws -> ThumbnailOutcome {
        let uri = ThumbnailCache.uri(of: path)
        do {
            let result = try await result(for: path, uri: uri, thumbnailer, maker)
            return ThumbnailOutcome(path: path, uri: uri, result: result)
        } catch let error as ThumbnailError {
            return ThumbnailOutcome(path: path, uri: uri, result: .failed(error))
        } catch let error as StopError {
            // At the process's end the decoding may be told before the maker is, which is about to be.
            try await maker.sleep(for: .seconds(1))
            throw error
        }
    }

    private func result(
        for path: RawPath, uri: String, _ thumbnailer: Thumbnailer, _ maker: AsyncWorkerContext<WorkerProgress>
    ) async throws -> ThumbnailOutcome.Result {
        try await maker.checkpoint()
        let facts: FileFacts
        switch try thumbnailer.lookUp(path, uri: uri, hasMore: limits.haveMore) {
        case .over(let result): return result
        case .needed(let found): facts = found
        }
        try await maker.checkpoint()
        let pixels: DecodedPixels
        do {
            pixels = try await decode(path, side: thumbnailer.size.pixels, limits: thumbnailer.limits)
        } catch let error as ThumbnailError {
            throw thumbnailer.remembering(error, uri: uri, facts: facts)
        }
        try await maker.checkpoint()
        do {
            return try pixels.withPicture { picture in
                try thumbnailer.store(picture, of: path, uri: uri, facts: pixels.facts) {
                    // A stop has cancelled the task, which is what the ending is made of.
                    if maker.isStopped { throw CancellationError() }
                }
            }
        } catch let error as BrokenPixels {
            throw ThumbnailError(.crashed, .decode, path, reason: error.description)
        }
    }

    /// Decodes a picture in the lane that it needs. Throws `ThumbnailError`; `CancellationError` or `StopError` when it was stopped.
    package func decode(
        _ path: RawPath, side: Int, limits ofPicture: DecodeLimits = DecodeLimits()
    ) async throws -> DecodedPixels {
        var ofPicture = ofPicture
        ofPicture.memory = limits.announced
        do {
            return try await decode(DecodePicture(path, side: side, limits: ofPicture), in: ordinary)
        } catch let error as ThumbnailError where error.code == .outOfMemory {
            ofPicture.memory = nil
        }
        do {
            return try await decode(DecodePicture(path, side: side, limits: ofPicture), in: large)
        } catch let error as ThumbnailError where error.code == .outOfMemory {
            let limit = limits.memoryOfLargeOnes
            throw ThumbnailError(
                .tooMuchMemory, .decode, path, reason: "it takes more than \(limit >> 20) MiB of memory",
                limit: .memory(bytes: limit))
        }
    }

    private func decode(_ task: DecodePicture, in pool: ProcessPool) async throws -> DecodedPixels {
        while true {
            let pausesBefore = pauses.load(ordering: .relaxed)
            do {
                return try await pool.run(task, in: scope)
            } catch let failure as DecodeFailure {
                throw failure.error(of: task.path)
            } catch let crash as TaskCrash {
                if isClockOf(crash), pauses.load(ordering: .relaxed) != pausesBefore { continue }
                throw ThumbnailError(crash, of: task.path)
            } catch let ended as WorkerEndedError {
                guard case .timedOut(let limit) = ended.ending else { throw ended }
                // The clock went on while it was paused.
                if pauses.load(ordering: .relaxed) != pausesBefore { continue }
                throw ThumbnailError(tookLongerThan: limit, task.path)
            }
        }
    }

    private func isClockOf(_ crash: TaskCrash) -> Bool {
        if case .timeLimit = crash.cause { true } else { false }
    }

    // MARK: Control

    /// Pictures that are being decoded wait at their next checkpoint, the others where they are.
    package func pause() {
        pauses.wrappingAdd(1, ordering: .relaxed)
        scope.pause()
    }

    package func resume() {
        pauses.wrappingAdd(1, ordering: .relaxed)
        scope.resume()
    }

    /// Ends the processes.
    package func close() async {
        await scope.close()
        await ordinary.close()
        await large.close()
    }

    /// The process ids of the workers there are in each lane.
    package var processes: (ordinary: [Int32], large: [Int32]) { (ordinary.processes, large.processes) }
}
