/// What a frame says. Both sides are of one version: a worker says its own in its first frame.
enum FrameKind: UInt8, Sendable {
    // To the worker.
    /// The setup value: its type's name, a NUL, its encoding.
    case setup = 1
    /// A type by number, for the frames to come; its name and contract. Answered when `element` is 1.
    case define
    /// A task, or a chunk of `element` tasks, for a slot; `extra` is its type's number, `number` the job's.
    case task
    /// One of the worker's arenas is not read any more, one of the app's is gone, or descriptors wait to be taken.
    case arena
    /// There will be no more tasks.
    case leave

    // From the worker.
    /// The worker is there, and set up.
    case hello = 32
    /// Whether a type is known.
    case answer
    /// An element's output; the slot is free after the one with the flag `last`.
    case result
    /// The outputs of several elements from `element` on, at most `extra`: a `roost_run`, then one behind the other.
    case results
    /// An element's error.
    case failure
    /// The task had been taken back.
    case skipped
    /// The newest update.
    case update
    /// One of the app's arenas is not read any more, one of the worker's is gone, or descriptors wait to be taken.
    case workerArena
}

/// How a frame's bytes are to be read.
struct FrameFlags: OptionSet, Sendable {
    let rawValue: UInt8

    /// The bytes of a trivial value as they lie in memory; else encoded, with the small bytes behind it.
    static let raw = FrameFlags(rawValue: 1)
    /// They are in an arena; the frame has the reference.
    static let spilled = FrameFlags(rawValue: 2)
    /// Several tasks in a row.
    static let chunk = FrameFlags(rawValue: 4)
    /// The last of its slot.
    static let last = FrameFlags(rawValue: 8)
}

/// The version of all this: a worker of another one is refused.
let wireVersion: UInt64 = 3
