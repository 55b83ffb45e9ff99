/// What the kernel says a thread is doing.
public enum ThreadState: String, Sendable, Hashable, Codable {
    /// On a processor, or ready for one.
    case running = "R"
    /// Waits, and a signal would wake it.
    case sleeping = "S"
    /// Waits for the kernel, and no signal gets through until that is over.
    case uninterruptible = "D"
    /// Stopped by a signal.
    case stopped = "T"
    /// Held by a debugger.
    case traced = "t"
    /// Over, but still there.
    case dead = "Z"
    /// Anything else.
    case unknown = "?"
}
