import Roost

/// In which order a map gives its results.
public enum MapOrder: Sendable {
    /// As the tasks came.
    case asSubmitted
    /// As they are done: a slow one holds none of the others up.
    case asCompleted
}

/// How many tasks of a map go to a worker at once.
public enum MapChunk: Sendable {
    /// As many as take about two milliseconds: found out while it runs.
    case automatic
    /// So many.
    case count(Int)
}

extension ProcessPool {
    /// Runs every task of a sequence, and gives each with its own result or error.
    ///
    /// Nothing happens before the results are iterated, and only so many tasks are taken ahead as keep the workers busy: the sequence
    /// may be endless. The first iterator has the results. A task that ends its worker fails alone: those of its chunk that were done have
    /// their results, those behind it go to another worker. When the iteration ends early, is cancelled, or the scope closes, what is
    /// out is stopped.
    public func map<Tasks: Sequence & Sendable>(
        _ tasks: Tasks, in scope: WorkerScope? = nil, order: MapOrder = .asSubmitted, chunk: MapChunk = .automatic,
        priority: WorkerPriority = .normal, limits: TaskLimits = TaskLimits()
    ) throws -> TaskMap<Tasks.Element> where Tasks.Element: IsolatedTask {
        var iterator: Tasks.Iterator?
        let run = MapRun<Tasks.Element>(
            pool: core, type: try TaskType(Tasks.Element.self), limits: limits.filled(with: configuration.limits),
            level: Int(priority.rawValue), order: order, chunk: chunk,
            isSameExecutable: configuration.executable == .same
        ) {
            if iterator == nil { iterator = tasks.makeIterator() }
            return iterator?.next()
        }
        return TaskMap(run: run, scope: scope ?? self.scope, pool: self)
    }
}

/// The results of a map, each with its task.
public struct TaskMap<T: IsolatedTask>: AsyncSequence, Sendable {
    public typealias Element = (input: T, result: Result<T.Output, any Error>)

    let run: MapRun<T>
    let scope: WorkerScope
    let pool: ProcessPool

    public func makeAsyncIterator() -> Iterator { Iterator(run: run, scope: scope, pool: pool) }

    /// The iterator; used by one task at a time.
    public struct Iterator: AsyncIteratorProtocol {
        private let share: MapShare<T>
        private var items: [Element] = []
        private var place = 0

        init(run: MapRun<T>, scope: WorkerScope, pool: ProcessPool) {
            share = MapShare(run: run, pool: pool)
            _ = scope.startRemote(run.name, options: WorkerOptions(), work: run) {
                (worker: RemoteWorker<NoOutput, WorkerProgress>) in
                _ = worker.begin()
                run.adopt(worker)
            }
        }

        public mutating func next(isolation actor: isolated (any Actor)? = #isolation) async -> Element? {
            if place < items.count {
                defer { place += 1 }
                // A scope that closed meanwhile gives nothing out any more.
                if share.run.gate?.isCut ?? false { items = [] } else { return items[place] }
            }
            guard let next = await share.run.next(isolation: actor), let first = next.first else { return nil }
            items = next
            place = 1
            return first
        }

        public nonisolated(nonsending) mutating func next() async -> Element? { await next(isolation: #isolation) }
    }
}

/// Ends the map when its iterator goes.
private final class MapShare<T: IsolatedTask>: Sendable {
    let run: MapRun<T>
    let pool: ProcessPool

    init(run: MapRun<T>, pool: ProcessPool) {
        self.run = run
        self.pool = pool
    }

    deinit { run.end() }
}
