/// How a worker ended. Every worker has exactly one ending, and it never changes.
public enum WorkerEnding: Sendable {
    /// The body returned.
    case finished
    /// The body threw this error.
    case failed(any Error)
    /// The process that ran it died, or was ended because the worker overran a limit; the error has the evidence. Only for
    /// workers in a process of their own.
    case crashed(any Error)
    /// The worker was asked to stop and did, or was stopped before it began.
    case stopped(StopReason)
    /// The worker has a time limit, was stopped because of a deadline (its limit, or a stop with that reason), and did stop.
    case timedOut(after: Duration)
    /// The worker did not stop within the budget. Its thread was left behind; should the body ever return, its thread
    /// goes back to the pool and this ending stays.
    case abandoned(Straggler)

    /// True for ``failed(_:)`` and ``crashed(_:)``.
    public var isFailure: Bool { failure != nil }

    /// The error of ``failed(_:)`` and ``crashed(_:)``.
    package var failure: (any Error)? {
        switch self {
        case .failed(let error), .crashed(let error): error
        case .finished, .stopped, .timedOut, .abandoned: nil
        }
    }

    /// One word for reports: `finished`, `failed`, `crashed`, `stopped`, `timed out` or `abandoned`.
    public var kind: String {
        switch self {
        case .finished: "finished"
        case .failed: "failed"
        case .crashed: "crashed"
        case .stopped: "stopped"
        case .timedOut: "timed out"
        case .abandoned: "abandoned"
        }
    }
}

extension WorkerEnding: CustomStringConvertible {
    public var description: String {
        switch self {
        case .finished: "finished"
        case .failed(let error): "failed: \(error)"
        case .crashed(let error): "crashed: \(error)"
        case .stopped(let reason): "stopped: \(reason)"
        case .timedOut(let limit): "timed out after \(limit.short)"
        case .abandoned(let straggler): "abandoned: \(straggler)"
        }
    }
}

/// A worker that was still running when its grace ended.
public struct Straggler: Error, Sendable, Hashable, CustomStringConvertible {
    /// The worker's name.
    public let worker: String
    /// The name of its scope.
    public let scope: String
    /// The thread it holds; nil for an async body, which owns none (and so has no stack to show).
    public let thread: String?
    /// Where it passed its last checkpoint; nil when it never did.
    public let lastCheckpoint: CallSite?
    /// How long it had run.
    public let ranFor: Duration
    /// How long it had been asked to stop.
    public let askedFor: Duration
    /// The kernel's id of the thread that it holds.
    package internal(set) var kernelThread: Int32?
    /// What its thread was doing at the end of the grace, in the report of a shutdown that has a ``StackSource``.
    public internal(set) var onThread: ThreadStack?

    /// The calls of its thread, innermost first, each as `name at file:line`; empty without a thread, or when they are not known.
    public var stack: [String] { onThread?.lines ?? [] }
    /// What its thread waits in; nil for one that runs, or when it is not known.
    public var waitsIn: String? { onThread?.waitsIn }

    /// One line; below it, if that is known, what its thread was doing.
    public var description: String {
        let place = lastCheckpoint.map { "last checkpoint \($0)" } ?? "it never passed a checkpoint"
        let holder = thread.map { " on thread '\($0)'" } ?? " (async: no thread, no stack)"
        let name = PrintableText.short(worker, limit: 200)
        let scope = PrintableText.short(scope, limit: 200)
        let line = "'\(name)' of '\(scope)' did not stop within \(askedFor.short)\(holder); \(place)"
        return ([line] + (onThread?.text ?? []).map { "      " + $0 }).joined(separator: "\n")
    }
}

/// Thrown by ``WorkerHandle/value`` when a worker ended without a value and without an error of its own.
public struct WorkerEndedError: Error, Sendable, CustomStringConvertible {
    /// The worker's name.
    public let worker: String
    /// Its ending: stopped, timed out or abandoned.
    public let ending: WorkerEnding

    public var description: String { "worker '\(worker)' gave no value: \(ending)" }
}
