/// Why something was asked to stop. The first reason given wins and never changes.
public indirect enum StopReason: Sendable, Hashable, Codable {
    /// The window (or other owner of the scope) closed.
    case windowClosed
    /// The process was sent this signal.
    case signal(Int32)
    /// A deadline passed.
    case deadline
    /// Another worker of the same job failed; its name.
    case siblingFailed(String)
    /// Code asked, and said why.
    case requested(String)
    /// The program's work came to its end: the end of `main`, or the last window.
    case programEnded
    /// The source above this one was stopped, for this reason.
    case parentStopped(StopReason)

    /// The reason at the top of the tree, without the ``parentStopped(_:)`` steps in between.
    public var origin: StopReason {
        var reason = self
        while case .parentStopped(let above) = reason { reason = above }
        return reason
    }

    /// What a child of something stopped for this reason is told.
    var forChild: StopReason {
        if case .parentStopped = self { return self }
        return .parentStopped(self)
    }
}

extension StopReason: CustomStringConvertible {
    public var description: String {
        switch self {
        case .windowClosed: "window closed"
        case .signal(let number): "signal \(signalName(number))"
        case .deadline: "deadline passed"
        case .siblingFailed(let name): "'\(name)' failed"
        case .requested(let why): why.isEmpty ? "asked to stop" : why
        case .programEnded: "end of the program"
        case .parentStopped(let reason): reason.origin.description
        }
    }
}

/// Thrown by a checkpoint, a sleep or a wait of something that has been asked to stop.
///
/// Let it travel out of the body: the ending is then `stopped`, not `failed`.
public struct StopError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why the stop was asked for.
    public let reason: StopReason

    /// Creates the error for a reason.
    public init(_ reason: StopReason) {
        self.reason = reason
    }

    public var description: String { "stopped: \(reason)" }
}
