import CRoostProcess
import Glibc
import Roost

/// A task that runs in this worker process: its place in the shared page, and the updates it makes.
final class TaskRun: @unchecked Sendable {  // proof: the pointers are into the shared page; `state` is behind its lock
    let control: UnsafeMutablePointer<roost_control>
    let slot: UnsafeMutablePointer<roost_slot>
    let index: Int
    let number: UInt64
    private let opened: any OpenedTasks
    /// The most an output may have, in bytes.
    let outputLimit: Int?
    private let firstAttempt: Int
    /// Where updates go; nil within a chunk, whose updates nobody reads before its crash.
    private let writer: FrameWriter?
    private let began = MonotonicTime.now

    private struct State {
        var sentAt: MonotonicTime?
        var pending: (@Sendable () throws -> [UInt8])?
        var isOver = false
    }
    private let state = Locked(State())

    /// A person cannot see more, and the app has other things to do.
    private static let pace = Duration.milliseconds(8)

    init(
        control: UnsafeMutablePointer<roost_control>, index: Int, number: UInt64, opened: any OpenedTasks, attempt: Int,
        writer: FrameWriter?
    ) {
        self.control = control
        self.index = index
        self.number = number
        self.opened = opened
        firstAttempt = attempt
        self.writer = writer
        slot = roost_control_slot(control, Int32(index))
        let limit = slot.pointee.output_limit
        outputLimit = limit == .max ? nil : Int(clamping: limit)
    }

    var name: String { opened.name }
    /// Of a chunk only the first task was tried before.
    var attempt: Int { roost_slot_element(slot) == 0 ? firstAttempt : 0 }
    var stopReason: StopReason { .requested("the app asked for it") }
    var elapsed: Duration { .now - began }

    /// Throws `StopError` once it was asked to stop, and waits while it is paused.
    func honourFlags() throws {
        while true {
            let flags = roost_slot_flags(slot)
            if flags & UInt32(ROOST_FLAG_STOP) != 0 { throw StopError(stopReason) }
            guard flags & UInt32(ROOST_FLAG_PAUSE) != 0 else { break }
            roost_slot_set_paused(slot, 1)
            roost_slot_wait(slot, flags, -1)
        }
        roost_slot_set_paused(slot, 0)
    }

    // MARK: Updates

    func report(_ encode: @escaping @Sendable () throws -> [UInt8]) {
        let now = MonotonicTime.now
        let isDue = state.withLock { state in
            guard !state.isOver else { return false }
            if let sentAt = state.sentAt, now - sentAt < Self.pace {
                let isFirst = state.pending == nil
                state.pending = encode
                if isFirst { UpdateFlusher.shared.expect(self, at: sentAt + Self.pace) }
                return false
            }
            state.sentAt = now
            state.pending = nil
            return true
        }
        if isDue { send(encode) }
    }

    /// What came since the last one that was sent.
    func flush() {
        let pending = state.withLock { state in
            defer { state.pending = nil }
            if state.pending != nil { state.sentAt = .now }
            return state.pending
        }
        if let pending { send(pending) }
    }

    /// The body has returned: the last update goes out before the ending does.
    func end() {
        flush()
        state.withLock { $0.isOver = true }
    }

    private func send(_ encode: () throws -> [UInt8]) {
        // An update that cannot be encoded is none; the task goes on.
        guard let bytes = try? encode(), bytes.count <= Int(ROOST_FRAME_LIMIT) else { return }
        _ = roost_control_set_update(control, UInt32(index), bytes, UInt32(bytes.count))
        _ = writer?.write(.update, slot: index, number: number, bytes, wait: .forEver)
    }
}

/// Sends updates that came too soon after another one, from a thread of its own: the task may not report again for long.
private final class UpdateFlusher: Sendable {
    static let shared = UpdateFlusher()

    private struct State {
        var waiting: [(run: TaskRun, time: MonotonicTime)] = []
        var hasThread = false
    }
    private let state = Locked(State())
    private let parker = Parker()

    func expect(_ run: TaskRun, at time: MonotonicTime) {
        let mustStart = state.withLock { state in
            state.waiting.append((run, time))
            defer { state.hasThread = true }
            return !state.hasThread
        }
        guard mustStart else { return parker.unpark() }
        // Without a thread the update goes out with the next one, or at the end of the task.
        if PlatformThread.start(name: "roost-updates", { self.serve() }) != nil {
            state.withLock { $0.hasThread = false }
        }
    }

    private func serve() {
        while true {
            let next = state.withLock { $0.waiting.first }
            guard let next else {
                parker.park()
                continue
            }
            if MonotonicTime.now < next.time { parker.park(until: next.time) }
            guard MonotonicTime.now >= next.time else { continue }
            _ = state.withLock { $0.waiting.removeFirst() }
            next.run.flush()
        }
    }
}
