import CRoostProcess
import Roost

/// A type of task as a worker serves it.
struct ServedTask: Sendable {
    /// Decodes the tasks of a frame, and returns what runs one of them and encodes its output.
    let open: @Sendable (UnsafeRawBufferPointer, FrameFlags, Int, ArenaPort) throws -> OpenedTasks

    init<T: IsolatedTask>(_: T.Type) {
        open = { bytes, flags, count, port in
            let tasks = try TaskCoding.withPayload(bytes, flags, port) { bytes -> [T] in
                if flags.contains(.raw) {
                    let stride = MemoryLayout<T>.stride
                    let size = MemoryLayout<T>.size
                    guard bytes.count == stride * (count - 1) + size else {
                        throw ProcessPoolError.broken("\(bytes.count) bytes for \(count) of \(T.self)")
                    }
                    return try (0..<count).map { index in
                        let place = index * stride
                        return try TaskCoding.decodeRaw(
                            T.self, from: UnsafeRawBufferPointer(rebasing: bytes[place..<place + size]))
                    }
                }
                if flags.contains(.chunk) { return try TaskCoding.decode([T].self, from: bytes, port: port) }
                return [try TaskCoding.decode(T.self, from: bytes, port: port)]
            }
            guard tasks.count == count else {
                throw ProcessPoolError.broken("\(tasks.count) tasks instead of \(count)")
            }
            let isRaw = TaskCoding.isRawOutput(T.Output.self)
            return OpenedTasks(name: tasks.first?.name ?? "") { index, run in
                let output = try tasks[index].run(IsolatedWorker(run: run))
                if isRaw { return TaskCoding.encodeRaw(output) }
                do { return try TaskCoding.encode(output) } catch { throw OutputError(underlying: error) }
            }
        }
    }

    static func contract(of type: any IsolatedTask.Type) -> UInt64 { TaskType.contract(of: type) }
    static func make(_ type: any IsolatedTask.Type) -> ServedTask { open(type) }
    private static func open<T: IsolatedTask>(_ type: T.Type) -> ServedTask { ServedTask(type) }
}

/// The tasks of one frame, decoded.
struct OpenedTasks {
    let name: String
    let run: (Int, TaskRun) throws -> Payload
}

/// An output that could not be encoded.
struct OutputError: Error {
    let underlying: any Error
}
