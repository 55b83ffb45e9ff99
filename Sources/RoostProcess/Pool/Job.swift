import CRoostProcess
import Roost

/// One task, or a chunk of them, on its way through a pool.
class Job: RemoteWork, @unchecked Sendable {  // proof: its `var`s are guarded by the pool's lock
    let id: UInt64
    let pool: ProcessPoolCore
    let type: TaskType
    /// Of the tasks from ``firstElement`` on.
    final var payload: Payload
    let limits: TaskLimits
    let level: Int
    let isRepeatable: Bool

    enum Place {
        case nowhere
        case queued
        case offered(worker: WorkerProcess, slot: Int)
        case over
    }
    final var place = Place.nowhere
    /// What the workers left that have died of its first task that is out.
    final var crashes: [TaskCrash] = []
    /// Which of its tasks is the first of the frame that is out: earlier ones have their results.
    final var firstElement = 0
    final var hasBegun = false
    final var stopReason: StopReason?
    final var stopStep = 0
    final var stopTimer: TimerRegistration?

    init(
        id: UInt64, pool: ProcessPoolCore, type: TaskType, payload: Payload, limits: TaskLimits, level: Int,
        isRepeatable: Bool
    ) {
        self.id = id
        self.pool = pool
        self.type = type
        self.payload = payload
        self.limits = limits
        self.level = level
        self.isRepeatable = isRepeatable
    }

    // MARK: What the subclass adds. Called with no lock held.

    var taskName: String { fatalError("abstract") }
    /// What the task in question works on, in short.
    func inputDescription(_ element: Int) -> String { fatalError("abstract") }
    var count: Int { 1 }
    /// The payload of the tasks from `element` on; nil when there are none. (A single task has nothing behind it.)
    func payload(from element: Int) -> Payload? { nil }
    /// False when it must not begin any more.
    func begin() -> Bool { fatalError("abstract") }
    var isPaused: Bool { false }
    /// An output: decoded here, and given to whoever waits.
    func received(_ element: Int, _ flags: FrameFlags, _ bytes: UnsafeRawBufferPointer, _ port: ArenaPort) {}
    /// Outputs of a chunk, one behind the other; how many bytes they are.
    func received(
        _ elements: Range<Int>, _ flags: FrameFlags, _ outputs: UnsafeRawBufferPointer, _ port: ArenaPort
    ) -> Int { 0 }
    /// The results of a chunk that are there go out before the others come.
    func giveOut() {}
    func failed(_ element: Int, _ error: any Error) {}
    func stopped(_ reason: StopReason) {}
    func timedOut(_ limit: Duration) {}
    func crashed(_ element: Int, _ crash: TaskCrash) {}
    func updated(_ bytes: UnsafeRawBufferPointer) {}
    /// An update in words.
    func text(ofUpdate bytes: UnsafeRawBufferPointer) -> String? { nil }
    /// The last element has its result.
    func ended() {}

    // MARK: RemoteWork

    final func enqueue() { pool.enqueue(self) }
    final func stop(_ reason: StopReason) { pool.stop(self, reason) }
    final func pauseChanged() { pool.pauseChanged(self) }
    final func kill() { pool.kill(self) }
}

/// One task with a handle.
final class SingleJob<T: IsolatedTask>: Job, @unchecked Sendable {  // proof: set before it is shared
    private let task: T
    private var worker: RemoteWorker<T.Output, T.Update>?

    init(_ task: T, id: UInt64, pool: ProcessPoolCore, type: TaskType, payload: Payload, limits: TaskLimits, level: Int)
    {
        self.task = task
        super.init(
            id: id, pool: pool, type: type, payload: payload, limits: limits, level: level,
            isRepeatable: T.isRepeatable)
    }

    func adopt(_ worker: RemoteWorker<T.Output, T.Update>) { self.worker = worker }

    override var taskName: String { worker?.name ?? task.name }
    override func inputDescription(_ element: Int) -> String { PrintableText.short(task.inputDescription, limit: 200) }
    override func payload(from element: Int) -> Payload? { element == 0 ? payload : nil }
    override func begin() -> Bool { worker?.begin() ?? false }
    override var isPaused: Bool { worker?.isPaused ?? false }

    override func received(
        _ element: Int, _ flags: FrameFlags, _ bytes: UnsafeRawBufferPointer, _ port: ArenaPort
    ) {
        do {
            worker?.finish(try TaskOutput.decode(T.self, from: bytes, flags, port, limit: limits.output))
        } catch {
            worker?.end(.failed(pool.naming(error)))
        }
    }

    override func failed(_ element: Int, _ error: any Error) {
        if error is StopError { worker?.end(throwing: error) } else { worker?.end(.failed(error)) }
    }
    override func stopped(_ reason: StopReason) { worker?.end(.stopped(reason)) }
    override func timedOut(_ limit: Duration) { worker?.end(.timedOut(after: limit)) }
    override func crashed(_ element: Int, _ crash: TaskCrash) { worker?.end(.crashed(crash)) }

    override func updated(_ bytes: UnsafeRawBufferPointer) {
        if let update = try? TaskCoding.decodePlainly(T.Update.self, from: bytes) { worker?.report(update) }
    }
    override func text(ofUpdate bytes: UnsafeRawBufferPointer) -> String? { TaskOutput.text(T.Update.self, bytes) }
}

/// Outputs as they come from a worker.
enum TaskOutput {
    static func decode<T: IsolatedTask>(
        _: T.Type, from bytes: UnsafeRawBufferPointer, _ flags: FrameFlags, _ port: ArenaPort, limit: Int?
    ) throws -> T.Output {
        do {
            if flags.contains(.raw) { return try TaskCoding.decodeRawOutput(T.Output.self, from: bytes) }
            return try TaskCoding.withPayload(bytes, flags, port) {
                try TaskCoding.decode(T.Output.self, from: $0, port: port)
            }
        } catch { throw notDecodable(T.self, error) }
    }

    static func notDecodable<T: IsolatedTask>(_: T.Type, _ error: any Error) -> ProcessPoolError {
        error as? ProcessPoolError
            ?? ProcessPoolError(
                .outputNotDecodable,
                "the output of '\(T.self)' could not be decoded",
                underlying: error)
    }

    /// An update in words, for the evidence of a crash.
    static func text<Update: Decodable>(_: Update.Type, _ bytes: UnsafeRawBufferPointer) -> String? {
        guard let update = try? TaskCoding.decodePlainly(Update.self, from: bytes) else { return nil }
        guard let progress = update as? WorkerProgress else { return PrintableText.short("\(update)", limit: 400) }
        let count = progress.total.map { "\(progress.completed) of \($0)" } ?? "\(progress.completed)"
        return PrintableText.short(progress.message.isEmpty ? count : "\(count): \(progress.message)", limit: 400)
    }

    /// What a task threw, as itself if this program has its type.
    static func error(_ bytes: UnsafeRawBufferPointer, task: String) -> any Error {
        guard let failure = try? TaskCoding.decodePlainly(RemoteFailure.self, from: bytes) else {
            return ProcessPoolError.broken("a failure that cannot be read")
        }
        switch failure.kind {
        case .stopped: return StopError(.requested(failure.text))
        case .thrown:
            if let name = failure.name, let encoded = failure.encoded,
                let type = TypeDoor.type(named: name) as? any (Error & Decodable).Type,
                let error = encoded.withUnsafeBytes({ try? TaskCoding.decodePlainly(type, from: $0) })
            {
                return error
            }
            return RemoteError(type: failure.type, text: failure.text)
        case .inputNotDecodable:
            return ProcessPoolError(
                .inputNotDecodable,
                "the worker could not decode task '\(task)': \(failure.text)")
        case .outputNotEncodable:
            return ProcessPoolError(
                .outputNotEncodable, "the output of task '\(task)' could not be encoded: \(failure.text)")
        case .outputTooLarge:
            return ProcessPoolError(.outputTooLarge, "the output of task '\(task)' is too large: \(failure.text)")
        case .systemLimit:
            return ProcessPoolError(.systemLimit, "the worker of task '\(task)' had no means left: \(failure.text)")
        }
    }
}
