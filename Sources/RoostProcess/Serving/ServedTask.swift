import CRoostProcess
import Roost

/// A type of task as a worker serves it.
struct ServedTask: Sendable {
    /// Decodes the tasks of a frame.
    let open: @Sendable (UnsafeRawBufferPointer, FrameFlags, Int, ArenaPort) throws -> any OpenedTasks

    init<T: IsolatedTask>(_: T.Type) {
        open = { bytes, flags, count, port in
            let tasks = try TaskCoding.withPayload(bytes, flags, port) { bytes -> [T] in
                if flags.contains(.raw) { return try TaskCoding.decodeRaw(T.self, count, from: bytes) }
                if flags.contains(.chunk) { return try TaskCoding.decode([T].self, from: bytes, port: port) }
                return [try TaskCoding.decode(T.self, from: bytes, port: port)]
            }
            guard tasks.count == count else {
                throw ProcessPoolError.broken("\(tasks.count) tasks instead of \(count)")
            }
            return TasksOfOneType(tasks)
        }
    }

    static func contract(of type: any IsolatedTask.Type) -> UInt64 { TaskType.contract(of: type) }
    static func make(_ type: any IsolatedTask.Type) -> ServedTask { open(type) }
    private static func open<T: IsolatedTask>(_ type: T.Type) -> ServedTask { ServedTask(type) }
}

/// The tasks of one frame, decoded.
protocol OpenedTasks: Sendable {
    var name: String { get }
    /// How far apart outputs lie that cross as they are in memory; nil for those that are encoded.
    var rawStride: Int? { get }
    /// Runs one, and encodes its output.
    func run(_ element: Int, _ run: TaskRun, with encoder: CompactEncoder) throws -> Payload
    /// Runs them one after the other, and puts each output behind the one before it: those of ``rawStride``. Ends early with what one of them
    /// throws.
    func run(
        _ elements: Range<Int>, _ run: TaskRun, into outputs: UnsafeMutableRawPointer,
        _ progress: UnsafeMutablePointer<roost_run>
    ) -> (done: Int, failure: (any Error)?)
}

private struct TasksOfOneType<T: IsolatedTask>: OpenedTasks {
    private let tasks: [T]
    let rawStride: Int?

    init(_ tasks: [T]) {
        self.tasks = tasks
        rawStride = TaskCoding.isRawOutput(T.Output.self) ? MemoryLayout<T.Output>.stride : nil
    }

    var name: String { tasks.first?.name ?? "" }

    func run(_ element: Int, _ run: TaskRun, with encoder: CompactEncoder) throws -> Payload {
        let output = try self.output(of: tasks[element], IsolatedWorker(run: run))
        if rawStride != nil { return TaskCoding.encodeRaw(output) }
        do { return try TaskCoding.encode(output, with: encoder) } catch { throw OutputError(underlying: error) }
    }

    /// A task that forks comes back twice: the copy goes, and takes no other task.
    @inline(__always)
    private func output(of task: T, _ worker: IsolatedWorker<T.Update>) throws -> T.Output {
        defer { roost_leave_if_copy() }
        return try task.run(worker)
    }

    func run(
        _ elements: Range<Int>, _ run: TaskRun, into outputs: UnsafeMutableRawPointer,
        _ progress: UnsafeMutablePointer<roost_run>
    ) -> (done: Int, failure: (any Error)?) {
        let worker = IsolatedWorker<T.Update>(run: run)
        let (control, slot) = (run.control, run.slot)
        return tasks.withUnsafeBufferPointer { tasks in
            var done = 0
            for element in elements {
                roost_control_forget(control)
                roost_slot_set_element(slot, UInt32(truncatingIfNeeded: element))
                do {
                    // What was asked to stop begins with none of its tasks.
                    if roost_slot_flags(slot) != 0 { try run.honourFlags() }
                    // Only numbers go this way, of at most 8 bytes; the room is aligned to 8, and large enough.
                    let place = outputs + done * MemoryLayout<T.Output>.stride
                    place.initializeMemory(as: T.Output.self, to: try output(of: tasks[element], worker))
                } catch {
                    return (done, error)
                }
                done += 1
                roost_run_set_done(progress, UInt32(truncatingIfNeeded: done))
            }
            return (done, nil)
        }
    }
}

/// An output that could not be encoded.
struct OutputError: Error {
    let underlying: any Error
}
