import Glibc

/// Turns a file into a picture of thumbnail size, a piece at a time.
package struct PictureDecoder {
    let side: Int
    let limits: DecodeLimits

    /// - Parameter side: The longest side that the picture may have in the end, in pixels.
    package init(side: Int, limits: DecodeLimits) {
        self.side = side
        self.limits = limits
    }

    /// Opens and decodes the picture at `path`, and hands it to `body` with what the file system says of the open file.
    package func decode<Result>(
        at path: RawPath, checkpoint: () throws -> Void, _ body: (borrowing DecodedPicture, FileFacts) throws -> Result
    ) throws -> Result {
        let file = try PictureFile.open(path, limits: limits)
        return try body(decode(file, checkpoint: checkpoint), file.facts)
    }

    /// The most bytes given to the loader between two checkpoints.
    private static let pieceLimit = 64 << 10
    /// The first pieces, until the header has been found.
    private static let headerPiece = 4 << 10
    /// The most pixels that one piece should unfold to: about 10 ms of decoding.
    private static let pixelsAPiece = 1 << 20

    /// Reads and decodes `file`, calling `checkpoint` before each piece and before each stage.
    ///
    /// Formats whose loaders collect all bytes first (SVG, WebP, TIFF) decode between two checkpoints.
    func decode(_ file: borrowing PictureFile, checkpoint: () throws -> Void) throws -> DecodedPicture {
        let loader = PixbufLoader(path: file.path, side: side, limits: limits)
        try feed(file, to: loader, checkpoint: checkpoint)
        return try finish(loader, file.path, checkpoint: checkpoint)
    }

    /// Decodes a small picture that is in memory; errors name it `path`.
    package func decode(_ bytes: [UInt8], named path: RawPath) throws -> DecodedPicture {
        let loader = PixbufLoader(path: path, side: side, limits: limits)
        try bytes.withUnsafeBytes { try loader.feed($0) }
        return try finish(loader, path) {}
    }

    private func finish(
        _ loader: PixbufLoader, _ path: RawPath, checkpoint: () throws -> Void
    ) throws -> DecodedPicture {
        try checkpoint()
        let full = try loader.finish()
        let naturalSize = loader.naturalSize ?? full.size
        try checkpoint()
        guard let pixels = try full.thumbnail(side: side, checkpoint: checkpoint) else {
            throw ThumbnailError(.outOfMemory, .decode, path, reason: "not enough memory to scale it")
        }
        return DecodedPicture(pixels: pixels, naturalSize: naturalSize, mimeType: loader.mimeType)
    }

    private func feed(
        _ file: borrowing PictureFile, to loader: PixbufLoader, checkpoint: () throws -> Void
    ) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: PictureDecoder.pieceLimit, alignment: 16)
        defer { buffer.deallocate() }
        var fed = 0
        while true {
            try checkpoint()
            let size = PictureDecoder.pieceSize(
                byteCount: file.facts.byteCount, fed: fed, naturalSize: loader.naturalSize)
            let count = try file.read(into: UnsafeMutableRawBufferPointer(rebasing: buffer[..<size]))
            if count == 0 { return }
            let piece = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            if fed == 0 { try WebPHeader.requireWhole(piece, of: file) }
            try loader.feed(piece)
            fed += count
        }
    }

    /// How many bytes to give before the next checkpoint.
    ///
    /// A compressed byte can unfold to thousands of pixels: 30 megapixels of one colour fit into one piece of 64 KiB and
    /// decode for half a second, in which nothing could stop them. So a piece is also limited by what it will unfold to.
    static func pieceSize(byteCount: Int, fed: Int, naturalSize: PixelSize?) -> Int {
        // A header that has not come by then comes when the loader is closed.
        guard let naturalSize else { return fed < pieceLimit ? headerPiece : pieceLimit }
        let pieces = naturalSize.area / pixelsAPiece + 1
        return min(max(byteCount / pieces, 64), pieceLimit)
    }
}
