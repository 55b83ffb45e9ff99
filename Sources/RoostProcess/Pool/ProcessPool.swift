import CRoostProcess
import Glibc
import Roost

/// Worker processes that run tasks: one that traps, hangs or eats memory ends its worker and nothing else.
///
/// A worker is this program again (or a sibling of it), started anew, so the program's first line has to be
/// ``WorkerEntry/serveIfWorker()`` unless it is a `RoostApplication`. Tasks are values: see ``IsolatedTask``. A task has the same kind
/// of handle as a worker on a thread, belongs to a scope, and ends with it.
///
/// Workers are started when there is work, and end with the pool, with the app, and 100 ms after the app was killed.
public final class ProcessPool: Sendable {
    let core: ProcessPoolCore
    /// The scope of tasks that are started without one.
    public let scope: WorkerScope
    public let configuration: Configuration

    /// Creates a pool. Throws ``ProcessPoolError`` inside a worker, for an executable that is not there, and where there is no
    /// `/proc`. No process is started
    /// before there is work, unless the configuration has a least number of workers.
    public convenience init(_ configuration: Configuration = Configuration()) throws {
        try self.init(configuration, setupFrame: [])
    }

    /// Creates a pool whose workers each run `setup` before their first task.
    public convenience init<Setup: WorkerSetup>(_ configuration: Configuration = Configuration(), setup: Setup) throws {
        guard let name = TypeDoor.name(of: Setup.self) else {
            throw ProcessPoolError(
                .setupFailed, "the setup type '\(Setup.self)' is private or local: no worker could find it by its name")
        }
        let encoded: [UInt8]
        do { encoded = try TaskCoding.encodePlainly(setup) } catch {
            throw ProcessPoolError(.setupFailed, "the setup '\(Setup.self)' could not be encoded", underlying: error)
        }
        guard name.utf8.count + encoded.count < Int(ROOST_FRAME_LIMIT) else {
            throw ProcessPoolError(.setupFailed, "the setup '\(Setup.self)' is larger than 64 KiB")
        }
        try self.init(configuration, setupFrame: Array(name.utf8) + [0] + encoded)
    }

    private init(_ configuration: Configuration, setupFrame: [UInt8]) throws {
        guard !WorkerEntry.isWorker else {
            throw ProcessPoolError(
                .insideWorker,
                "pool '\(configuration.name)' was made inside a worker process: does main call WorkerEntry.serveIfWorker() first? "
                    + "(A task cannot have a pool of its own.)")
        }
        try ProcFolder.check()
        let path = try Self.path(of: configuration.executable)
        var configuration = configuration
        configuration.workers = configuration.workers.clamped(to: 0...Configuration.mostWorkers)
        self.configuration = configuration
        core = ProcessPoolCore(
            configuration, setup: setupFrame, executablePath: path,
            groups: try ControlGroups.of(configuration.controlGroups))
        scope = WorkerScope(configuration.name)
        core.begin()
    }

    deinit {
        scope.stop(.requested("nobody has the pool any more"))
        core.close {}
    }

    private static func path(of executable: WorkerExecutable) throws -> String {
        let path: String
        switch executable {
        // The very same file, also when another one has its name by now.
        case .same: return "/proc/self/exe"
        case .sibling(let name):
            path = ExecutableIdentity.path.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/" + name
        case .path(let text): path = text
        }
        guard access(path, X_OK) == 0 else {
            throw ProcessPoolError(
                .cannotStartWorker, "the worker executable '\(path)' is not there or cannot be executed",
                underlying: SystemCallError(call: "access", errno: errno))
        }
        return path
    }

    // MARK: Tasks

    /// Starts a task. Never throws: whatever goes wrong is its ending. The handle is that of a worker on a thread.
    ///
    /// - Parameters:
    ///   - task: What is to be done.
    ///   - scope: Whom it belongs to; nil for the pool's own.
    ///   - priority: Its place among those that wait.
    ///   - limits: Where they say nothing the pool's count.
    @discardableResult
    public func start<T: IsolatedTask>(
        _ task: T, in scope: WorkerScope? = nil, priority: WorkerPriority = .normal, limits: TaskLimits = TaskLimits()
    ) -> WorkerHandle<T.Output, T.Update> {
        let scope = scope ?? self.scope
        do {
            let type = try TaskType(T.self)
            let payload = try encode(task)
            let job = SingleJob(
                task, id: core.nextJob(), pool: core, type: type, payload: payload,
                limits: limits.filled(with: configuration.limits), level: Int(priority.rawValue))
            return scope.startRemote(task.name, options: WorkerOptions(priority: priority), work: job) { job.adopt($0) }
        } catch {
            return scope.startRemote(task.name, options: WorkerOptions(priority: priority), work: FailedWork(error)) {
                (worker: RemoteWorker<T.Output, T.Update>) in
                if worker.begin() { worker.end(.failed(error)) }
            }
        }
    }

    private func encode<T: IsolatedTask>(_ task: T) throws -> Payload {
        let payload: Payload
        do {
            let raw = configuration.executable == .same ? try TaskCoding.encodeRaw([task]) : nil
            payload = try raw ?? TaskCoding.encode(task)
        } catch let error as SystemCallError {
            throw ProcessPoolError(
                .systemLimit, "there is no memory for the bytes of task '\(task.name)'", underlying: error)
        } catch let error where !(error is ProcessPoolError) {
            throw ProcessPoolError(.inputNotEncodable, "task '\(task.name)' could not be encoded", underlying: error)
        }
        guard payload.size <= configuration.inputLimit else {
            throw ProcessPoolError(
                .inputTooLarge,
                "task '\(task.name)' has \(payload.size) bytes; pool '\(configuration.name)' takes at most \(configuration.inputLimit)"
            )
        }
        return payload
    }

    /// Runs a task and returns its output: structured. Cancelling the caller stops the task; this returns only once it has its
    /// ending. Throws what the task throws (as itself if it can be encoded, else as ``RemoteError``), ``TaskCrash`` for one whose
    /// worker died, ``ProcessPoolError``, `StopError`, and `CancellationError` when the caller was cancelled.
    public func run<T: IsolatedTask>(
        _ task: T, in scope: WorkerScope? = nil, priority: WorkerPriority = .normal, limits: TaskLimits = TaskLimits()
    ) async throws -> T.Output {
        try await start(task, in: scope, priority: priority, limits: limits).structuredValue
    }

    // MARK: Close

    /// Ends the pool: no more tasks, those that wait and those that run are stopped, within `budget`; then every worker process is
    /// gone.
    public func close(within budget: Duration = .seconds(2)) async {
        _ = await scope.close(within: budget, .requested("the pool was closed"))
        let done = OneShot<Void>()
        core.close { done.resolve(()) }
        await done.value
    }

    // MARK: Looking

    /// The process ids of the workers there are.
    public var processes: [Int32] {
        core.state.withLock { $0.workers.values.compactMap(\.runningPID).sorted() }
    }
}

/// The place of a task that could not even be encoded.
private final class FailedWork: RemoteWork {
    init(_ error: any Error) {}
    func enqueue() {}
    func stop(_ reason: StopReason) {}
    func pauseChanged() {}
    func kill() {}
}
