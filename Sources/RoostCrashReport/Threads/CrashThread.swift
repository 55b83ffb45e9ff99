/// One thread of the crashed process, innermost frame first.
public struct CrashThread: Sendable, Hashable, Codable {
    /// The kernel's id, if somebody noted it.
    public var id: Int32?
    /// Its name; the kernel keeps 15 bytes.
    public var name: String?
    /// True for the one that crashed.
    public var isCrashed: Bool
    /// Its frames; of a very deep stack the innermost and the outermost.
    public var frames: [CrashFrame]
    /// How many were left out.
    public var omittedFrames: Int
    /// They stood before the frame with this index.
    public var omittedAt: Int

    /// How many frames a thread keeps of those that the backtracer wrote.
    public static let mostFrames = 128
    /// How many of them are the outermost.
    static let outermost = 32

    /// Creates a thread.
    public init(
        id: Int32? = nil, name: String? = nil, isCrashed: Bool = false, frames: [CrashFrame] = [],
        omittedFrames: Int = 0, omittedAt: Int = 0
    ) {
        self.id = id
        self.name = name
        self.isCrashed = isCrashed
        self.frames = frames
        self.omittedFrames = omittedFrames
        self.omittedAt = omittedAt
    }

    /// The program's own frame that is nearest to the crash.
    public var ownFrame: CrashFrame? { frames.first(where: \.isOwnCode) }

    /// True when the same few functions stand there again and again, or so many frames that something called itself.
    public var isDeeplyRecursive: Bool {
        frames.count > 1_000 || omittedFrames > 1_000 - frames.count || FoldedFrames(self).repeats >= 3
    }

    /// `thread 'name' (id)`.
    var title: String {
        let text = name.map { "thread '\(TerminalText.line($0))'" } ?? "a thread without a name"
        return id.map { "\(text) (\($0))" } ?? text
    }
}

extension CrashThread: CustomStringConvertible {
    /// The frames, numbered and folded; never more than 40 lines.
    public var description: String {
        (["\(title)\(isCrashed ? " crashed" : ""):"] + FoldedFrames(self).lines(atMost: 40)).joined(separator: "\n")
    }
}
