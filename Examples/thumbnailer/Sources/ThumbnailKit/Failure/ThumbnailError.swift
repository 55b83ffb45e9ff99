/// Why one picture has no thumbnail, or one folder was not read; always names the file and fits on one line.
///
/// Everything that the environment or a picture can cause ends here. An error thrown by a checkpoint is never turned
/// into a `ThumbnailError`; it passes through.
public struct ThumbnailError: Error, Sendable, Hashable {
    /// The step that could not be done; the verb of the message.
    public enum Operation: String, Sendable, Hashable, Codable {
        /// Opening or reading the picture.
        case read
        /// Turning its bytes into pixels.
        case decode
        /// Writing the thumbnail.
        case write
        /// Listing a folder.
        case openFolder = "open folder"
    }

    /// What kind of failure it is, for decisions in code.
    public let code: Code
    /// The step that failed.
    public let operation: Operation
    /// The file or folder the message names.
    public let path: RawPath
    /// The system's error number, when a system call failed.
    public let errno: Int32?
    /// The reason alone, one line without the file's name: `permission denied`.
    public let reason: String
    /// The limit that it went over, when it was one of time or memory.
    public let limit: Limit?
    /// Whether the reason was read from a fail entry of an earlier run instead of found now.
    public let isRemembered: Bool

    /// Creates an error; `reason` is brought onto one harmless line.
    public init(
        _ code: Code, _ operation: Operation, _ path: RawPath, reason: String, errno: Int32? = nil,
        limit: Limit? = nil, isRemembered: Bool = false
    ) {
        self.code = code
        self.operation = operation
        self.path = path
        self.errno = errno
        self.reason = ThumbnailError.oneLine(reason)
        self.limit = limit
        self.isRemembered = isRemembered
    }

    /// Messages of decoders come with line breaks and a closing full stop; a reason has neither.
    private static func oneLine(_ text: String) -> String {
        let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        let escaped = Printable.escaped(Array(words.utf8), escapesBackslash: false)
        return escaped.hasSuffix(".") ? String(escaped.dropLast()) : escaped
    }
}

extension ThumbnailError: CustomStringConvertible {
    /// One line that says what could not be done, to which file and why: `cannot read 'x.jpg': permission denied`.
    public var description: String {
        "cannot \(operation.rawValue) '\(path.printable)': \(reason)\(isRemembered ? " (found by an earlier run)" : "")"
    }
}
