import Foundation
import Glibc
import Roost
import Testing

@testable import ProgramTesting
@testable import ThumbnailDecoding
@testable import ThumbnailKit

/// Decoding in worker processes: the same pictures, the same reasons, and whatever ends a decoder ends nothing else.
@Suite(.serialized, .timeLimit(.minutes(5))) struct DecodersTests {
    @Test func thumbnailsAreTheSameToTheByte() async throws {
        let scene = try Scene()
        var paths = [
            try scene.addPicture("plain.tga"), try scene.addPicture("alpha.tga", alpha: true),
            try scene.addPicture("small.tga", width: 7, height: 3),
            try scene.addPicture("wide.tga", width: 3_000, height: 2),
            try scene.addPicture("large and pale.tga", width: 1_900, height: 1_300, alpha: true),
        ]
        let svg =
            #"<svg xmlns="http://www.w3.org/2000/svg" width="900" height="400"><circle r="300" fill="teal"/></svg>"#
        paths.append(try scene.add(bytes: Array("drawn.svg".utf8), Array(svg.utf8)))
        // Not UTF-8.
        paths.append(try scene.add(bytes: [0x63, 0xE9, 0xFF, 0x0A], Scene.picture(width: 40, height: 40)))
        let inProcess = Thumbnailer(cache: ThumbnailCache(root: RawPath(scene.workspace.path("in-process"))))
        for path in paths {
            guard case .made(let here) = try inProcess.makeThumbnail(of: path).result,
                case .made(let there) = try await scene.make(path).result
            else { throw Unexpected() }
            #expect(here.size == there.size && here.naturalSize == there.naturalSize)
            let (one, other) = (try contents(here.path), try contents(there.path))
            #expect(one == other && !one.isEmpty, "\(path)")
            guard case .fresh = try await scene.make(path).result else { throw Unexpected() }
        }
        await scene.end()
    }

    private func contents(_ path: RawPath) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: path.printable)) }

    @Test func errorsComeBackAsThemselves() async throws {
        let scene = try Scene()
        let paths = [
            try scene.add(bytes: Array("cut.svg".utf8), Array(#"<svg xmlns="http://www.w3.org/2000/svg""#.utf8)),
            try scene.add(bytes: Array("no picture.png".utf8), Array("no picture".utf8)),
            try scene.add(bytes: Array("empty.png".utf8), []), scene.path("missing.png"), scene.path("pipe.png"),
        ]
        #expect(scene.path("pipe.png").withCString { mkfifo($0, 0o600) } == 0)
        let inProcess = Thumbnailer(cache: ThumbnailCache(root: RawPath(scene.workspace.path("in-process"))))
        for path in paths {
            guard case .failed(let here) = try inProcess.makeThumbnail(of: path).result else { throw Unexpected() }
            #expect(try await scene.failure(path) == here)
        }
        let entries = scene.workspace.files(below: "in-process/fail")
        #expect(scene.failEntries == entries && entries.count >= 1)
        await scene.end()
    }

    /// A signal of its own fault, whoever sends it: the picture is to blame, and is not tried in the next run.
    @Test func aPictureThatCrashesItsDecoderIsRemembered() async throws {
        let scene = try Scene(jobs: 1)
        let path = try scene.addEndlessPicture("endless.svg")
        let error = try await failure(of: path, whoseDecodersGet: SIGSEGV, in: scene)
        #expect(error.code == .crashed && error.reason.contains("SIGSEGV"), "\(error)")
        #expect(scene.failEntries.count == 1)
        let remembered = try await scene.failure(path)
        #expect(remembered.isRemembered && remembered.reason == error.reason && remembered.code == .crashed)
        // The lane heals.
        guard case .made = try await scene.make(try scene.addPicture("good.tga")).result else { throw Unexpected() }
        await scene.end()
    }

    /// Somebody else ended it: the picture may be fine, and is tried again.
    @Test func aDecoderThatWasKilledIsNoFaultOfItsPicture() async throws {
        let scene = try Scene(jobs: 1)
        let path = try scene.addEndlessPicture("endless.svg")
        let error = try await failure(of: path, whoseDecodersGet: SIGKILL, in: scene)
        #expect(error.code == .killed, "\(error)")
        #expect(scene.failEntries.isEmpty)
        await scene.end()
    }

    /// Both of them: it is tried once more, in another process.
    private func failure(
        of path: RawPath, whoseDecodersGet signal: Int32, in scene: Scene
    ) async throws -> ThumbnailError {
        let made = scene.start(path)
        let first = try scene.worker(decoding: path)
        kill(first, signal)
        var second = first
        while second == first { second = try scene.worker(decoding: path) }
        kill(second, signal)
        guard case .failed(let error) = try await made.value.result else { throw Unexpected() }
        return error
    }

    @Test func aPictureThatTakesForEverHoldsNobodyUp() async throws {
        let scene = try Scene { $0.processorTime = .seconds(600) }
        let path = try scene.addEndlessPicture("endless.svg")
        let endless = scene.start(path)
        let worker = try scene.worker(decoding: path)
        for number in 1...20 {
            guard case .made = try await scene.make(try scene.addPicture("\(number).tga")).result else {
                throw Unexpected()
            }
        }
        // All twenty were done beside it.
        #expect(try scene.worker(decoding: path) == worker)
        #expect(endless.endingIfEnded == nil)
        endless.stop()
        guard case .stopped = await endless.ending else { throw Unexpected() }
        await scene.end()
    }

    @Test func aPictureThatTakesTooLongIsRememberedUntilThereIsMoreTime() async throws {
        let limit = Duration.milliseconds(500)
        let scene = try Scene { $0.processorTime = limit }
        let path = try scene.addEndlessPicture("endless.svg")
        let error = try await scene.failure(path)
        #expect(error.code == .tooMuchTime && error.limit == .processorTime(limit))
        #expect(error.reason == "it takes more than 0.5 s of the processor")
        #expect(scene.failEntries.count == 1)
        await scene.end()
        for less in [Duration.milliseconds(200), limit] {
            let next = try Scene(in: scene.workspace) { $0.processorTime = less }
            let remembered = try await next.failure(path)
            #expect(remembered.isRemembered && remembered.code == .tooMuchTime && remembered.reason == error.reason)
            #expect(next.decoders.processes.ordinary.isEmpty)
            await next.end()
        }
        let last = try Scene(in: scene.workspace) { $0.processorTime = .milliseconds(800) }
        let again = try await last.failure(path)
        #expect(!again.isRemembered && again.reason == "it takes more than 0.8 s of the processor", "\(again)")
        #expect(try await last.failure(path).limit == .processorTime(.milliseconds(800)))
        await last.end()
    }

    @Test func aPictureThatTookTooMuchMemoryIsTriedAgainWhenThereIsMore() async throws {
        let scene = try Scene {
            $0.memory = 16 << 20
            $0.memoryOfLargeOnes = 32 << 20
        }
        let path = try scene.addPicture("huge.tga", width: 4_000, height: 3_000, alpha: true)
        #expect(try await scene.failure(path).code == .tooMuchMemory)
        let remembered = try await scene.failure(path)
        #expect(remembered.isRemembered && remembered.code == .tooMuchMemory)
        #expect(remembered.limit == .memory(bytes: 32 << 20))
        await scene.end()
        let next = try Scene(in: scene.workspace)
        guard case .made = try await next.make(path).result else { throw Unexpected() }
        #expect(next.failEntries.isEmpty)
        await next.end()
    }

    /// What waits without using the processor is ended by the clock, which does not count while it is paused.
    @Test func theClockStandsStillWhilePaused() async throws {
        let scene = try Scene(jobs: 1) { $0.time = .seconds(2) }
        let path = try scene.addEndlessPicture("endless.svg")
        let made = scene.start(path)
        let first = try scene.worker(decoding: path)
        scene.decoders.pause()
        // Its time is over, and it is begun anew: it was paused meanwhile.
        var second = first
        while second == first { second = try scene.worker(decoding: path) }
        scene.decoders.resume()
        guard case .failed(let error) = try await made.value.result else { throw Unexpected() }
        #expect(error.code == .tooMuchTime && error.reason == "it took longer than 2 s", "\(error)")
        await scene.end()
    }

    /// By its header, a picture goes where there is room for it; what has none anywhere is refused, and remembered.
    @Test func largePicturesHaveALaneOfTheirOwn() async throws {
        let scene = try Scene {
            $0.memory = 16 << 20
            $0.memoryOfLargeOnes = 32 << 20
        }
        guard case .made = try await scene.make(try scene.addPicture("small.tga", width: 900, height: 700)).result
        else {
            throw Unexpected()
        }
        #expect(scene.decoders.processes.large.isEmpty && !scene.decoders.processes.ordinary.isEmpty)
        let large = try scene.addPicture("large.tga", width: 2_000, height: 2_000, alpha: true)
        guard case .made = try await scene.make(large).result else { throw Unexpected() }
        #expect(scene.decoders.processes.large.count == 1)
        let huge = try await scene.failure(try scene.addPicture("huge.tga", width: 4_000, height: 3_000, alpha: true))
        #expect(huge.code == .tooMuchMemory, "\(huge)")
        #expect(huge.reason == "it takes more than 32 MiB of memory")
        #expect(scene.failEntries.count == 1)
        await scene.end()
    }

    @Test func aStopEndsTheDecoderAndLeavesNothing() async throws {
        let scene = try Scene()
        let path = try scene.addEndlessPicture("endless.svg")
        let made = scene.start(path)
        let worker = try scene.worker(decoding: path)
        let begun = ContinuousClock.now
        made.stop()
        guard case .stopped = await made.ending else { throw Unexpected() }
        #expect(ContinuousClock.now - begun < .seconds(2))
        await scene.end()
        #expect(kill(worker, 0) != 0)
        #expect(scene.workspace.files(below: "out").isEmpty)
    }

    /// What a worker that is about to crash sends is looked at before it is used.
    @Test(arguments: [
        (0, 10, 40, 400), (10, 0, 40, 400), (10, 10, 39, 400), (10, 10, 40, 399), (1 << 40, 1, 1 << 42, 1 << 43),
        (10, 1 << 40, 40, 1 << 50), (-10, 10, 40, 400), (10, 10, Int.max, 400),
    ])
    func aLayoutThatIsNoneIsRefused(width: Int, height: Int, bytesARow: Int, count: Int) {
        func fits(_ width: Int, _ height: Int, _ bytesARow: Int, _ count: Int) -> Bool {
            let size = PixelSize(width: width, height: height)
            return PixelLayout(size: size, hasAlpha: true, bytesARow: bytesARow).fits(count)
        }
        #expect(fits(10, 10, 40, 400))
        #expect(!fits(width, height, bytesARow, count))
    }

    /// The start's check: one worker for it, and as many as there are jobs once they are warm; each has decoded then.
    @Test func theCheckStartsAWorkerAndTheWarmUpAllOfThem() async throws {
        let scene = try Scene(jobs: 2)
        #expect(scene.decoders.processes.ordinary.isEmpty)
        try scene.decoders.check(StopSource().token)
        let first = scene.decoders.processes.ordinary
        #expect(first.count == 1)
        try scene.decoders.warmUp(StopSource().token)
        #expect(scene.decoders.processes.ordinary.count == 2)
        #expect(Set(scene.decoders.processes.ordinary).isSuperset(of: first))
        await scene.end()
    }

    @Test func aCheckThatIsStoppedThrowsTheReason() async throws {
        let scene = try Scene()
        let source = StopSource()
        source.stop(.requested("enough"))
        #expect(throws: StopError.self) { try scene.decoders.check(source.token) }
        await scene.end()
    }

    @Test func aCheckByWhatIsNoDecoderFails() async throws {
        let decoders = try Decoders(jobs: 1, executable: .path("/bin/true"))
        #expect(throws: DecoderCheckError.self) { try decoders.check(StopSource().token) }
        await decoders.close()
    }
}
