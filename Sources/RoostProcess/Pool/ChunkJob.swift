import Roost

/// Some tasks of a map, that go to one worker in one frame and come back one by one.
final class ChunkJob<T: IsolatedTask>: Job, @unchecked Sendable {  // proof: `results` is one thread's at a time
    typealias Output = Result<T.Output, any Error>

    let tasks: [T]
    private let map: MapRun<T>
    private var results: [Output?]
    private let onEnd: @Sendable ([Output]) -> Void

    init(
        _ tasks: [T], id: UInt64, map: MapRun<T>, payload: Payload, onEnd: @escaping @Sendable ([Output]) -> Void
    ) {
        self.tasks = tasks
        self.map = map
        self.onEnd = onEnd
        results = Array(repeating: nil, count: tasks.count)
        super.init(
            id: id, pool: map.pool, type: map.type, payload: payload, limits: map.limits, level: map.level,
            isRepeatable: T.isRepeatable)
    }

    override var taskName: String { map.name }
    override var count: Int { tasks.count }
    override func inputDescription(_ element: Int) -> String {
        tasks.indices.contains(element) ? PrintableText.short(tasks[element].inputDescription, limit: 200) : ""
    }
    override func payload(from element: Int) -> Payload? {
        guard element < tasks.count else { return nil }
        return try? TaskChunk.encode(Array(tasks[element...]), isSameExecutable: map.isSameExecutable)
    }
    override func begin() -> Bool { true }
    override var isPaused: Bool { map.isPaused }

    override func received(
        _ element: Int, _ flags: FrameFlags, _ bytes: UnsafeRawBufferPointer, _ port: ArenaPort
    ) {
        results[element] = Result { try TaskOutput.decode(T.self, from: bytes, flags, port, limit: limits.output) }
    }
    override func failed(_ element: Int, _ error: any Error) { results[element] = .failure(error) }
    override func crashed(_ element: Int, _ crash: TaskCrash) { results[element] = .failure(crash) }
    override func stopped(_ reason: StopReason) {
        for element in results.indices where results[element] == nil { results[element] = .failure(StopError(reason)) }
    }
    override func timedOut(_ limit: Duration) {
        let error = StopError(.deadline)
        for element in results.indices where results[element] == nil { results[element] = .failure(error) }
    }

    override func ended() {
        let reason = map.stopReason ?? .requested("")
        onEnd(results.map { $0 ?? .failure(StopError(reason)) })
        results = []
    }
}

/// Several tasks in one frame.
enum TaskChunk {
    static func encode<T: IsolatedTask>(_ tasks: [T], isSameExecutable: Bool) throws -> Payload {
        if isSameExecutable, TaskCoding.isRaw(T.self) {
            let bytes = tasks.withUnsafeBytes { bytes in
                Array(bytes.prefix(MemoryLayout<T>.stride * (tasks.count - 1) + MemoryLayout<T>.size))
            }
            return try TaskCoding.spill(Payload(flags: [.raw, .chunk], bytes: bytes, size: bytes.count))
        }
        var payload = try TaskCoding.encode(tasks)
        payload.flags.insert(.chunk)
        return payload
    }
}
