import Roost
import RoostProcess
import ThumbnailKit

/// Decodes one picture in a worker process: whatever its bytes make a decoder do, the app sees an error at most.
///
/// The file is opened there, too: that may take as long as a disk likes.
package struct DecodePicture: IsolatedTask {
    package let path: RawPath
    /// The longest side of the thumbnail, in pixels.
    package let side: Int
    package let limits: DecodeLimits

    package init(_ path: RawPath, side: Int, limits: DecodeLimits = DecodeLimits()) {
        self.path = path
        self.side = side
        self.limits = limits
    }

    package var name: String { "decoding \(String(decoding: path.lastComponent, as: UTF8.self))" }
    package var inputDescription: String { path.printable }
    /// It only reads. Somebody may have ended its process who meant another one.
    package static var isRepeatable: Bool { true }

    /// Throws ``DecodeFailure``, and `StopError` between two pieces of the file.
    package func run(_ worker: IsolatedWorker<WorkerProgress>) throws -> DecodedPixels {
        do {
            return try PictureDecoder(side: side, limits: limits).decode(at: path) {
                try worker.checkpoint()
            } _: {
                try DecodedPixels(copying: $0, facts: $1)
            }
        } catch let error as ThumbnailError {
            throw DecodeFailure(error)
        }
    }
}

/// The pixels of a thumbnail on their way from a worker, and all else that becomes part of its file.
package struct DecodedPixels: Sendable, Codable {
    /// The file as it was read.
    package let facts: FileFacts
    private let layout: PixelLayout
    private let naturalSize: PixelSize
    private let mimeType: String?
    private let bytes: Bytes

    init(copying picture: borrowing DecodedPicture, facts: FileFacts) throws {
        self.facts = facts
        layout = picture.layout
        naturalSize = picture.naturalSize
        mimeType = picture.mimeType
        bytes = try picture.withPixels { pixels in
            try Bytes(count: pixels.count) { $0.copyMemory(from: pixels) }
        }
    }

    /// Calls `body` with the picture, whose pixels stay where they are. Throws ``BrokenPixels`` when they are none: a worker that is
    /// about to crash may send anything.
    package func withPicture<Result>(_ body: (borrowing DecodedPicture) throws -> Result) throws -> Result {
        try bytes.withUnsafeBytes { memory in
            guard
                let picture = DecodedPicture(showing: memory, layout, naturalSize: naturalSize, mimeType: mimeType)
            else { throw BrokenPixels() }
            return try body(picture)
        }
    }
}

/// What a worker sent is no picture.
package struct BrokenPixels: Error, CustomStringConvertible {
    package let description = "its decoder sent no picture"
}

/// A `ThumbnailError` on its way from a worker: without the path, which the app knows.
package struct DecodeFailure: Error, Sendable, Codable {
    private let code: ThumbnailError.Code
    private let operation: ThumbnailError.Operation
    private let reason: String
    private let errno: Int32?

    /// Decoders quote the file in their messages.
    private static let longestReason = 500

    init(_ error: ThumbnailError) {
        code = error.code
        operation = error.operation
        reason = String(error.reason.prefix(Self.longestReason))
        errno = error.errno
    }

    package func error(of path: RawPath) -> ThumbnailError {
        ThumbnailError(code, operation, path, reason: reason, errno: errno)
    }
}
