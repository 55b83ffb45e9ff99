import CRoostProcess
import Roost

/// What a task in a worker process gets: its checkpoints, its sleeps and its reports.
public struct IsolatedWorker<Update: Codable & Sendable>: Sendable {
    let run: TaskRun
    // proof: a place in the shared page, which stays mapped as long as the process lives; its fields are atomics of C.
    @usableFromInline nonisolated(unsafe) let slot: UnsafeMutablePointer<roost_slot>
    // proof: as above.
    @usableFromInline nonisolated(unsafe) let control: UnsafeMutablePointer<roost_control>

    init(run: TaskRun) {
        self.run = run
        slot = run.slot
        control = run.control
    }

    /// The task's name.
    public var name: String { run.name }

    /// How often it was tried before: 0, or more for a task that is repeatable.
    public var attempt: Int { run.attempt }

    /// True once the task was asked to stop: one relaxed load of memory shared with the app.
    @inlinable public var isStopped: Bool { roost_slot_flags(slot) & UInt32(ROOST_FLAG_STOP) != 0 }

    /// Throws `StopError` once the task was asked to stop, and waits while it is paused. Two loads otherwise.
    ///
    /// A task that comes to no checkpoint is ended by signals, and its process with it.
    @inlinable public func checkpoint(file: StaticString = #fileID, line: UInt = #line) throws {
        let site = UInt64(UInt(bitPattern: file.utf8Start)) << 16 | UInt64(line & 0xFFFF)
        file.utf8Start.withMemoryRebound(to: CChar.self, capacity: file.utf8CodeUnitCount) {  // proof: bytes are chars
            roost_control_checkpoint(control, site, $0, UInt32(file.utf8CodeUnitCount), UInt32(line))
        }
        if roost_slot_flags(slot) != 0 { try honourFlags() }
    }

    /// A checkpoint, a blocking sleep that ends at once on a stop, and a checkpoint.
    public func sleep(for duration: Duration, file: StaticString = #fileID, line: UInt = #line) throws {
        try checkpoint(file: file, line: line)
        let end = MonotonicTime.now + duration
        while true {
            let flags = roost_slot_flags(slot)
            let left = (end - .now).clampedNanoseconds
            guard left > 0, flags == 0 else { break }
            roost_slot_wait(slot, flags, left)
        }
        try checkpoint(file: file, line: line)
    }

    /// Replaces the newest update. The app gets at most one every few milliseconds, and always the last; a crash's evidence
    /// has the last one, too.
    public func report(_ update: Update) {
        run.report { try TaskCoding.encodePlainly(update) }
    }

    @usableFromInline
    func honourFlags() throws { try run.honourFlags() }
}

extension IsolatedWorker where Update == WorkerProgress {
    /// Reports `completed` units of `total`, with a message for people.
    public func report(_ completed: Int, of total: Int? = nil, message: String = "") {
        var progress = WorkerProgress(completed, of: total, message: message)
        progress.elapsed = run.elapsed
        report(progress)
    }
}
