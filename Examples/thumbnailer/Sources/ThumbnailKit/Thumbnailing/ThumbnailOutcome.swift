/// How it ended for one picture.
public struct ThumbnailOutcome: Sendable, Hashable {
    /// The three ways it can end; a stop is not among them, it is thrown by the checkpoint.
    public enum Result: Sendable, Hashable {
        /// A thumbnail was written.
        case made(Thumbnail)
        /// There already was one of the picture's present state.
        case fresh
        /// There is none, for this reason.
        case failed(ThumbnailError)
    }

    /// A thumbnail that was written.
    public struct Thumbnail: Sendable, Hashable {
        /// The file.
        public let path: RawPath
        /// The thumbnail's size.
        public let size: PixelSize
        /// The picture's size as its header has it, before it is turned upright.
        public let naturalSize: PixelSize
    }

    /// The picture, as it was named by the caller.
    public let path: RawPath
    /// The picture's URI, from which the thumbnail's name is made.
    public let uri: String
    /// How it ended.
    public let result: Result

    package init(path: RawPath, uri: String, result: Result) {
        self.path = path
        self.uri = uri
        self.result = result
    }
}
