import Foundation
import Glibc
import Roost
import Testing

@testable import ProgramTesting
@testable import ThumbnailDecoding
@testable import ThumbnailKit

/// Pictures in a workspace, and decoders whose workers are the real program.
struct Scene {
    let workspace: Workspace
    let decoders: Decoders
    let thumbnailer: Thumbnailer
    private let makers = WorkerScope("makers")

    /// - Parameter workspace: That of another scene, whose pictures and thumbnails it then goes on with.
    init(jobs: Int = 2, in workspace: Workspace? = nil, _ change: (inout Decoders.Limits) -> Void = { _ in }) throws {
        self.workspace = try workspace ?? Workspace()
        try self.workspace.makeFolder("pictures")
        var limits = Decoders.Limits(processorTime: .seconds(60))
        change(&limits)
        decoders = try Decoders(jobs: jobs, limits: limits, executable: .path(Executables.path("thumbnailer")))
        thumbnailer = Thumbnailer(cache: ThumbnailCache(root: RawPath(self.workspace.path("out"))))
    }

    func path(_ name: String) -> RawPath { path(bytes: Array(name.utf8)) }
    func path(bytes name: [UInt8]) -> RawPath { RawPath(workspace.path("pictures")).appending(name) }

    /// Makes a thumbnail as the program does.
    func make(_ path: RawPath) async throws -> ThumbnailOutcome {
        try await start(path).value
    }

    func start(_ path: RawPath) -> WorkerHandle<ThumbnailOutcome, WorkerProgress> {
        makers.start("make") { [decoders, thumbnailer] maker async throws in
            try await decoders.makeThumbnail(of: path, with: thumbnailer, maker)
        }
    }

    func failure(_ path: RawPath) async throws -> ThumbnailError {
        guard case .failed(let error) = try await make(path).result else { throw Unexpected() }
        return error
    }

    /// The file names of fail entries.
    var failEntries: [String] { workspace.files(below: "out/fail") }

    /// Waits until a worker decodes this file, which it has read to its end.
    func worker(decoding path: RawPath) throws -> Int32 {
        let deadline = ContinuousClock.now + .seconds(60)
        while ContinuousClock.now < deadline {
            for worker in decoders.processes.ordinary + decoders.processes.large {
                let folder = "/proc/\(worker)/fd"
                for name in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
                where (try? FileManager.default.destinationOfSymbolicLink(atPath: folder + "/" + name))
                    == path.printable
                {
                    let text = try? String(contentsOfFile: "/proc/\(worker)/fdinfo/\(name)", encoding: .utf8)
                    let size = try FileManager.default.attributesOfItem(atPath: path.printable)[.size] as? Int
                    if let size, text?.hasPrefix("pos:\t\(size)\n") == true { return worker }
                }
            }
            usleep(2_000)
        }
        throw Unexpected()
    }

    func end() async { await decoders.close() }

    // MARK: Pictures

    /// A TGA file: a header of 18 bytes, and 32 or 24 bits a pixel from the top down.
    @discardableResult
    func addPicture(_ name: String, width: Int = 300, height: Int = 200, alpha: Bool = false) throws -> RawPath {
        try add(bytes: Array(name.utf8), Self.picture(width: width, height: height, alpha: alpha))
    }

    @discardableResult
    func add(bytes name: [UInt8], _ content: [UInt8]) throws -> RawPath {
        let path = path(bytes: name)
        let file = path.withCString { open($0, O_WRONLY | O_CREAT | O_TRUNC, 0o644) }
        try #require(file >= 0)
        defer { close(file) }
        try #require(content.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == content.count)
        return path
    }

    static func picture(width: Int, height: Int, alpha: Bool = false) -> [UInt8] {
        var bytes: [UInt8] = [0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        for side in [width, height] { bytes += [UInt8(side & 255), UInt8(side >> 8)] }
        bytes += [alpha ? 32 : 24, alpha ? 0x28 : 0x20]
        // Some rows in turn: a test makes tens of megabytes.
        let rows = (0..<min(height, 16)).map { y in
            (0..<width).flatMap { x in
                [x, y * 16, x + y, x * 3].prefix(alpha ? 4 : 3).map { UInt8(truncatingIfNeeded: $0) }
            }
        }
        for y in 0..<height { bytes += rows[y % 16] }
        return bytes
    }

    /// One that is drawn for minutes, in one call of the library that nothing can interrupt.
    func addEndlessPicture(_ name: String) throws -> RawPath {
        let shape = #"<rect width="1000" height="1000" filter="url(#f)"/>"#
        let filter = #"<feTurbulence type="turbulence" baseFrequency="0.05" numOctaves="9"/>"#
        let text = """
            <svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000"><defs><filter id="f" x="0" y="0" \
            width="1" height="1">\(filter)</filter></defs>\(String(repeating: shape, count: 8_000))</svg>
            """
        return try add(bytes: Array(name.utf8), Array(text.utf8))
    }
}

struct Unexpected: Error {}
