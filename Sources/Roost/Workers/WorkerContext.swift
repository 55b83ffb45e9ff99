import CRoostLedger
import Synchronization

/// What a body that may block gets: its token, its checkpoints, its sleeps and its reports.
///
/// Used by the body, on its pool thread; copies that outlive the body do nothing.
public struct WorkerContext<Update: Sendable>: Sendable {
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

    /// Stopped when this worker is; hand it to whatever the body calls.
    public var token: StopToken { StopToken(node: core, keeper: core) }

    /// True once this worker was asked to stop: one relaxed load.
    @inlinable public var isStopped: Bool { core.isStopped }

    /// Throws ``StopError`` once the worker was asked to stop, and waits while it is paused.
    ///
    /// Costs a load and two relaxed stores. Call it wherever the body can be left: the longest gap between two calls
    /// is what a close has to wait for, and the last call is what a report names.
    @inlinable public func checkpoint(file: StaticString = #fileID, line: UInt = #line) throws {
        let site = CallSite.pack(file, line)
        if core.flags.load(ordering: .relaxed) != 0 { return try core.honourFlags(row, site) }
        roost_ledger_checkpoint(row, site)
    }

    /// A checkpoint, a blocking sleep that ends at once on a stop, and a checkpoint.
    /// Throws ``StopError`` once the worker was asked to stop.
    public func sleep(for duration: Duration, file: StaticString = #fileID, line: UInt = #line) throws {
        try checkpoint(file: file, line: line)
        try token.sleep(for: duration, time: core.scope.time)
        try checkpoint(file: file, line: line)
    }

    /// Replaces the newest update. Never waits, and costs a store while the last one has not been looked at.
    public func report(_ update: Update) {
        core.hub(Update.self).report(update)
    }

    /// Sends a value of which none may be lost; waits while the buffer is full.
    /// Throws ``StopError`` when the worker is asked to stop while it waits, or has ended; the value is then not sent.
    public func send(_ update: Update, file: StaticString = #fileID, line: UInt = #line) throws {
        let hub = core.hub(Update.self)
        while true {
            switch hub.trySend(update) {
            case .accepted: return
            case .closed: throw StopError(token.reason ?? .requested("the worker has ended"))
            case .full: break
            }
            try checkpoint(file: file, line: line)
            let parker = Parker()
            let registration = token.onStop { _ in parker.unpark() }
            let id = hub.whenRoom { parker.unpark() }
            parker.park()
            hub.forgetRoom(id)
            registration.remove()
            try checkpoint(file: file, line: line)
        }
    }
}

extension WorkerContext where Update == WorkerProgress {
    /// Reports `completed` units of `total`, with a message for people.
    public func report(_ completed: Int, of total: Int? = nil, message: String = "") {
        var progress = WorkerProgress(completed, of: total, message: message)
        progress.elapsed = core.elapsed
        report(progress)
    }
}
