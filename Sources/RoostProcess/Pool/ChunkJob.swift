import Roost

/// Some tasks of a map, that go to one worker in one frame; their results come in their order.
final class ChunkJob<T: IsolatedTask>: Job, @unchecked Sendable {  // proof: its `var`s are one thread's at a time
    let tasks: [T]
    private let map: MapRun<T>
    /// Those that were not given out yet.
    private var items: [MapRun<T>.Item] = []
    /// How many have their results.
    private var done = 0
    private let onPart: (@Sendable ([MapRun<T>.Item]) -> Void)?
    private let onEnd: @Sendable ([MapRun<T>.Item]) -> Void

    init(
        _ tasks: [T], id: UInt64, map: MapRun<T>, payload: Payload,
        onPart: (@Sendable ([MapRun<T>.Item]) -> Void)? = nil, onEnd: @escaping @Sendable ([MapRun<T>.Item]) -> Void
    ) {
        self.tasks = tasks
        self.onPart = onPart
        self.map = map
        self.onEnd = onEnd
        items.reserveCapacity(tasks.count)
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
    override func text(ofUpdate bytes: UnsafeRawBufferPointer) -> String? { TaskOutput.text(T.Update.self, bytes) }

    override func received(
        _ element: Int, _ flags: FrameFlags, _ bytes: UnsafeRawBufferPointer, _ port: ArenaPort
    ) {
        guard reach(element) else { return }
        add(
            Result { try TaskOutput.decode(T.self, from: bytes, flags, port, limit: limits.output) }
                .mapError(pool.naming))
    }

    override func received(
        _ elements: Range<Int>, _ flags: FrameFlags, _ outputs: UnsafeRawBufferPointer, _ port: ArenaPort
    ) -> Int {
        guard reach(elements.lowerBound) else { return 0 }
        if flags.contains(.raw), TaskCoding.isRawOutput(T.Output.self), let start = outputs.baseAddress,
            outputs.count >= elements.count * MemoryLayout<T.Output>.stride
        {
            map.addRaw(&items, tasks, elements, start)
            done += elements.count
            return elements.count * MemoryLayout<T.Output>.stride
        }
        // One copy of them all.
        let source = CompactSource(flags.contains(.raw) ? UnsafeRawBufferPointer(rebasing: outputs[..<0]) : outputs)
        var place = 0
        for _ in elements {
            do {
                let stretch = try source.stretch(at: place)
                place = stretch.upperBound
                add(.success(try TaskCoding.decode(T.Output.self, from: source, stretch, outputs, port)))
            } catch { add(.failure(pool.naming(TaskOutput.notDecodable(T.self, error)))) }
        }
        return place
    }

    /// The next result is that of `element`, whatever has come before it; false when that one has its result.
    private func reach(_ element: Int) -> Bool {
        while done < min(element, tasks.count) { add(.failure(ProcessPoolError.broken("no result came"))) }
        return done == element
    }

    private func add(_ result: Result<T.Output, any Error>) {
        guard done < tasks.count else { return }
        map.add(&items, tasks[done], result)
        done += 1
    }

    override func giveOut() {
        guard let onPart, !items.isEmpty else { return }
        onPart(items)
        items = []
    }

    override func failed(_ element: Int, _ error: any Error) { if reach(element) { add(.failure(error)) } }
    override func crashed(_ element: Int, _ crash: TaskCrash) { if reach(element) { add(.failure(crash)) } }
    override func stopped(_ reason: StopReason) { fill(reason) }
    override func timedOut(_ limit: Duration) { fill(.deadline) }

    /// Those that have no result will have none.
    private func fill(_ reason: StopReason) {
        while done < tasks.count { add(.failure(StopError(reason))) }
    }

    override func ended() {
        fill(map.stopReason ?? .requested(""))
        onEnd(items)
        items = []
    }
}

/// Several tasks in one frame.
enum TaskChunk {
    static func encode<T: IsolatedTask>(_ tasks: [T], isSameExecutable: Bool) throws -> Payload {
        var payload =
            try isSameExecutable ? TaskCoding.encodeRaw(tasks) ?? TaskCoding.encode(tasks) : TaskCoding.encode(tasks)
        payload.flags.insert(.chunk)
        return payload
    }
}
