import Roost

/// In which order a map gives its results.
public enum MapOrder: Sendable {
    /// As the tasks came.
    case asSubmitted
    /// As they are done: a slow one holds up those behind it in its own chunk, and no others. With ``MapChunk/count(_:)`` of one it
    /// holds up none.
    case asCompleted
}

/// How many tasks of a map go to a worker at once.
public enum MapChunk: Sendable {
    /// As many as take about two milliseconds: found out while it runs.
    case automatic
    /// So many: at least one, and at most 65,536.
    case count(Int)

    var clamped: MapChunk { if case .count(let count) = self { .count(min(max(1, count), 1 << 16)) } else { self } }
}

extension ProcessPool {
    /// Runs every task of a sequence, and gives each with its own result or error.
    ///
    /// Nothing happens before the results are iterated, and only so many tasks are taken ahead as keep the workers busy: the sequence
    /// may be endless. (One that is lazily mapped has to be `Sendable`; else Swift chooses the `map` that makes an array of it first.)
    /// Iterators share the results. A task that ends its worker fails alone: those of its chunk that were done have their results,
    /// those behind it go to another worker. When the iteration ends early, is cancelled, or the scope closes, what is out is stopped.
    @inlinable
    public func map<Tasks: Sequence & Sendable>(
        _ tasks: Tasks, in scope: WorkerScope? = nil, order: MapOrder = .asSubmitted, chunk: MapChunk = .automatic,
        priority: WorkerPriority = .normal, limits: TaskLimits = TaskLimits()
    ) throws -> TaskMap<Tasks.Element> where Tasks.Element: IsolatedTask {
        var iterator: Tasks.Iterator?
        return try map(in: scope, order: order, chunk: chunk, priority: priority, limits: limits) { batch, most in
            if iterator == nil { iterator = tasks.makeIterator() }
            Self.take(most, from: &iterator!, &batch)
        } addRaw: { items, tasks, elements, outputs in
            for (place, element) in elements.enumerated() {
                // proof: only called for outputs that are numbers, with as many of them as there are elements.
                let output = (outputs + place * MemoryLayout<Tasks.Element.Output>.stride).load(
                    as: Tasks.Element.Output.self)
                items.append((tasks[element], .success(output)))
            }
        } add: { items, task, result in
            items.append((task, result))
        }
    }

    @inlinable
    static func take<Tasks: IteratorProtocol>(_ most: Int, from tasks: inout Tasks, _ batch: inout [Tasks.Element]) {
        while batch.count < most, let task = tasks.next() { batch.append(task) }
    }

    @usableFromInline
    func map<T: IsolatedTask>(
        in scope: WorkerScope?, order: MapOrder, chunk: MapChunk, priority: WorkerPriority, limits: TaskLimits,
        fill: @escaping TaskMap<T>.Fill, addRaw: @escaping TaskMap<T>.AddRaw, add: @escaping TaskMap<T>.Add
    ) throws -> TaskMap<T> {
        let run = MapRun<T>(
            pool: core, type: try TaskType(T.self), limits: limits.filled(with: configuration.limits),
            level: Int(priority.rawValue), order: order, chunk: chunk.clamped,
            isSameExecutable: configuration.executable == .same, fill: fill, addRaw: addRaw, add: add)
        return TaskMap(run: run, scope: scope ?? self.scope, pool: self)
    }
}

/// The results of a map, each with its task.
public struct TaskMap<T: IsolatedTask>: AsyncSequence, Sendable {
    public typealias Element = (input: T, result: Result<T.Output, any Error>)

    /// Takes at most so many tasks from the sequence. Like the next two it is compiled in the module that calls `map`, where the types
    /// are known.
    @usableFromInline typealias Fill = (inout [T], Int) -> Void
    /// Adds these of the tasks with their outputs, which lie one behind the other as they are in memory.
    @usableFromInline typealias AddRaw = @Sendable (inout [Element], [T], Range<Int>, UnsafeRawPointer) -> Void
    /// Adds one of the tasks with what came of it.
    @usableFromInline typealias Add = @Sendable (inout [Element], T, Result<T.Output, any Error>) -> Void

    let run: MapRun<T>
    let scope: WorkerScope
    let pool: ProcessPool

    public func makeAsyncIterator() -> Iterator { Iterator(run: run, scope: scope, pool: pool) }

    /// The iterator; used by one task at a time.
    public struct Iterator: AsyncIteratorProtocol {
        @usableFromInline let share: MapShare<T>
        @usableFromInline let gate: MapGate
        @usableFromInline var items: [Element] = []
        @usableFromInline var place = 0

        init(run: MapRun<T>, scope: WorkerScope, pool: ProcessPool) {
            share = MapShare(run: run, pool: pool)
            var gate: DeliveryGate?
            _ = scope.startRemote(run.name, options: WorkerOptions(), work: run) {
                (worker: RemoteWorker<NoOutput, WorkerProgress>) in
                gate = worker.gate
                _ = worker.begin()
                run.adopt(worker)
            }
            self.gate = MapGate(gate)
        }

        @inlinable
        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Element? {
            if place < items.count {
                // A scope that closed meanwhile gives nothing out any more.
                if !gate.isCut {
                    defer { place += 1 }
                    return items[place]
                }
                items = []
            }
            guard let next = await share.next(isolation: actor), let first = next.first else { return nil }
            items = next
            place = 1
            return first
        }

        public nonisolated(nonsending) mutating func next() async -> Element? { await next(isolation: #isolation) }
    }
}

/// Ends the map when its iterator goes.
@usableFromInline
final class MapShare<T: IsolatedTask>: Sendable {
    private let run: MapRun<T>
    private let pool: ProcessPool

    init(run: MapRun<T>, pool: ProcessPool) {
        self.run = run
        self.pool = pool
    }

    deinit { run.end() }

    @usableFromInline
    func next(isolation actor: isolated (any Actor)?) async -> [TaskMap<T>.Element]? {
        await run.next(isolation: actor)
    }
}

/// Whether the scope has closed: asked for each result.
@usableFromInline
final class MapGate: Sendable {
    private let gate: DeliveryGate?

    init(_ gate: DeliveryGate?) {
        self.gate = gate
    }

    @usableFromInline var isCut: Bool { gate?.isCut ?? false }
}
