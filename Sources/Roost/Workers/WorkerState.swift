/// Where a worker is in its life.
public enum WorkerState: String, Sendable, Codable {
    /// Waits for a thread, or for room in its scope.
    case queued
    /// Its body runs.
    case running
    /// A pause was asked for; the body has not reached a checkpoint yet.
    case pausing
    /// The body waits in a checkpoint until it is resumed or stopped.
    case paused
    /// A stop was asked for; the body has not ended yet.
    case stopping
    /// It has its ending.
    case ended
}
