import CRoostLedger
import Synchronization

/// What an async body gets. The pool is the body's task executor, so nonisolated calls and structured children run on
/// the pool's threads; a suspended body owns no thread.
public struct AsyncWorkerContext<Update: Sendable>: Sendable {
    @usableFromInline let core: Worker
    /// Where checkpoints are noted.
    // proof: a C row of atomics, whose memory is never given back to the system.
    @usableFromInline nonisolated(unsafe) let row: UnsafeMutablePointer<roost_ledger_slot>

    @usableFromInline
    init(_ worker: Worker, row: UnsafeMutablePointer<roost_ledger_slot>) {
        core = worker
        self.row = row
    }

    /// The worker's name.
    public var name: String { core.name }

    /// Stopped when this worker is; hand it to whatever the body calls. A stop also cancels the body's task.
    public var token: StopToken { StopToken(node: core, keeper: core) }

    /// True once this worker was asked to stop: one relaxed load.
    @inlinable public var isStopped: Bool { core.isStopped }

    /// Throws ``StopError`` once the worker was asked to stop, and suspends while it is paused.
    @inlinable public func checkpoint(file: StaticString = #fileID, line: UInt = #line) async throws {
        let site = CallSite.pack(file, line)
        if core.flags.load(ordering: .relaxed) != 0 { return try await core.honourFlagsAsync(row, site) }
        roost_ledger_checkpoint(row, site)
    }

    /// A checkpoint, a sleep that ends at once on a stop, and a checkpoint.
    /// Throws ``StopError`` once the worker was asked to stop.
    public func sleep(for duration: Duration, file: StaticString = #fileID, line: UInt = #line) async throws {
        try await checkpoint(file: file, line: line)
        try await core.scope.time.sleep(for: duration, token: token)
        try await checkpoint(file: file, line: line)
    }

    /// Replaces the newest update. Never waits.
    public func report(_ update: Update) {
        core.hub(Update.self).report(update)
    }

    /// Sends a value of which none may be lost; suspends while the buffer is full.
    /// Throws ``StopError`` when the worker is asked to stop while it waits, or has ended; the value is then not sent.
    /// Throws `CancellationError` when the calling task was cancelled in another way.
    public func send(_ update: Update, file: StaticString = #fileID, line: UInt = #line) async throws {
        let hub = core.hub(Update.self)
        while true {
            switch hub.trySend(update) {
            case .accepted: return
            case .closed: throw StopError(token.reason ?? .requested("the worker has ended"))
            case .full: break
            }
            try await checkpoint(file: file, line: line)
            let signal = WakeSignal()
            let registration = token.onStop { _ in signal.wake() }
            let id = hub.whenRoom { signal.wake() }
            await signal.wait()
            hub.forgetRoom(id)
            registration.remove()
            try await checkpoint(file: file, line: line)
            // A child task may be cancelled by its group; the wait above would end at once, again and again.
            try Task.checkCancellation()
        }
    }
}

extension AsyncWorkerContext where Update == WorkerProgress {
    /// Reports `completed` units of `total`, with a message for people.
    public func report(_ completed: Int, of total: Int? = nil, message: String = "") {
        var progress = WorkerProgress(completed, of: total, message: message)
        progress.elapsed = core.elapsed
        report(progress)
    }
}
