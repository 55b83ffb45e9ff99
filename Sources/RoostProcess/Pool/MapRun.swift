import Roost

/// The inside of a map: what is out, what has come back, and who waits for it.
///
/// The tasks are taken from their sequence by whoever iterates the results, and only as far ahead as keeps the workers busy: an
/// endless sequence is as good as any.
final class MapRun<T: IsolatedTask>: RemoteWork, @unchecked Sendable {  // proof: `fill` is the iterating task's
    typealias Item = TaskMap<T>.Element
    typealias Fill = TaskMap<T>.Fill
    typealias AddRaw = TaskMap<T>.AddRaw
    typealias Add = TaskMap<T>.Add

    let pool: ProcessPoolCore
    let type: TaskType
    let limits: TaskLimits
    let level: Int
    let name: String
    let isSameExecutable: Bool
    private let order: MapOrder
    private let chunk: MapChunk
    private let fill: Fill
    let addRaw: AddRaw
    let add: Add
    private let signal = WakeSignal()
    private let worker = OneShot<RemoteWorker<NoOutput, WorkerProgress>>()

    /// Results of a chunk that can be given out; the last ones or not.
    private struct Piece {
        var items: [Item] = []
        var isLast = false
    }

    private struct State {
        var isExhausted = false
        var nextChunk = 0
        /// The next one to be given out, when the order counts.
        var nextOut = 0
        var out: [Int: Job] = [:]
        var ready: [Int: Piece] = [:]
        /// In the order they came back.
        var arrived: [Piece] = []
        var size = 1
        /// How many chunks are out or wait to be taken at the most.
        var window: Int
        var hasWaited = false
        var stopReason: StopReason?
        var isOver = false
        var startedAt: [Int: MonotonicTime] = [:]
    }
    private let state: Locked<State>

    init(
        pool: ProcessPoolCore, type: TaskType, limits: TaskLimits, level: Int, order: MapOrder, chunk: MapChunk,
        isSameExecutable: Bool, fill: @escaping Fill, addRaw: @escaping AddRaw, add: @escaping Add
    ) {
        self.pool = pool
        self.type = type
        self.limits = limits
        self.level = level
        self.order = order
        self.chunk = chunk
        let firstSize = if case .count(let count) = chunk { max(1, count) } else { 1 }
        self.isSameExecutable = isSameExecutable
        self.fill = fill
        self.addRaw = addRaw
        self.add = add
        name = "map of \(T.self)"
        state = Locked(State(size: firstSize, window: max(1, pool.configuration.workers.upperBound) * 2 + 1))
    }

    func adopt(_ worker: RemoteWorker<NoOutput, WorkerProgress>) { self.worker.resolve(worker) }

    var stopReason: StopReason? { state.withLock { $0.stopReason } }
    var isPaused: Bool { worker.valueIfResolved?.isPaused ?? false }
    var gate: DeliveryGate? { worker.valueIfResolved?.gate }

    // MARK: Iterating

    /// The most there may be.
    private var workers: Int { max(1, pool.configuration.workers.upperBound) }

    /// The next results that can be given out; nil when there are no more. Called by one task at a time.
    func next(isolation actor: isolated (any Actor)?) async -> [Item]? {
        gate?.onCut(signal)
        defer { gate?.forget(signal) }
        while true {
            feed()
            // Through the gate: after a close nothing is given out any more.
            var taken: (items: [Item]?, isOver: Bool) = (nil, true)
            if let gate { gate.pass { taken = take() } }
            if let items = taken.items { return items }
            if taken.isOver {
                end()
                return nil
            }
            guard !Task.isCancelled else {
                stopAll(.requested("the task that iterates was cancelled"))
                return nil
            }
            state.withLock { $0.hasWaited = true }
            await signal.wait()
        }
    }

    private func take() -> (items: [Item]?, isOver: Bool) {
        state.withLock { state in
            switch order {
            case .asSubmitted:
                if let piece = state.ready.removeValue(forKey: state.nextOut) {
                    if piece.isLast { state.nextOut += 1 }
                    return (piece.items, false)
                }
            case .asCompleted:
                if !state.arrived.isEmpty {
                    let piece = state.arrived.removeFirst()
                    if piece.isLast { state.nextOut += 1 }
                    return (piece.items, false)
                }
            }
            let isOver = state.out.isEmpty && (state.isExhausted || state.stopReason != nil)
            return (nil, isOver && state.nextOut == state.nextChunk)
        }
    }

    /// Takes tasks from the sequence and sends them out.
    private func feed() {
        state.withLock { state in
            // Whoever waited for results finds a worker without anything to do: more have to be on their way.
            if state.hasWaited, state.out.count < workers { state.window = min(state.window * 2, workers * 8) }
            state.hasWaited = false
        }
        while true {
            let room = state.withLock { state -> (number: Int, size: Int)? in
                guard !state.isExhausted, state.stopReason == nil, state.nextChunk - state.nextOut < state.window else {
                    return nil
                }
                defer { state.nextChunk += 1 }
                return (state.nextChunk, state.size)
            }
            guard let room else { return }
            var tasks: [T] = []
            tasks.reserveCapacity(room.size)
            fill(&tasks, room.size)
            if tasks.count < room.size { state.withLock { $0.isExhausted = true } }
            if tasks.isEmpty {
                state.withLock { $0.nextChunk -= 1 }
                return
            }
            send(tasks, room.number)
        }
    }

    private func send(_ tasks: [T], _ number: Int) {
        do {
            let payload = try TaskChunk.encode(tasks, isSameExecutable: isSameExecutable)
            guard payload.size <= pool.configuration.inputLimit else {
                throw ProcessPoolError(.inputTooLarge, "a chunk of \(payload.size) bytes is more than the pool takes")
            }
            let onPart: @Sendable ([Item]) -> Void = { [self] items in
                state.withLock { add(items, of: number, isLast: false, &$0) }
                signal.wake()
            }
            start(payload, of: tasks, number, onPart: onPart) { [self] items in chunkEnded(number, items) }
        } catch {
            // Automatic chunks do not grow into the limit again and again.
            state.withLock { state in
                if case .automatic = chunk { state.size = max(1, state.size / 2) }
            }
            sendWhatFits(Parted(tasks.map { ($0, refusal(of: $0)) }), number)
        }
    }

    private func start(
        _ payload: Payload, of tasks: [T], _ number: Int, onPart: (@Sendable ([Item]) -> Void)? = nil,
        onEnd: @escaping @Sendable ([Item]) -> Void
    ) {
        let job = ChunkJob(tasks, id: pool.nextJob(), map: self, payload: payload, onPart: onPart, onEnd: onEnd)
        let isStopped = state.withLock { state in
            state.out[number] = job
            state.startedAt[number] = .now
            return state.stopReason != nil
        }
        // First: no worker is to have begun it.
        if isStopped { pool.stop(job, stopReason ?? .requested("")) }
        pool.enqueue(job)
    }

    /// Why a task cannot go even alone, and how many bytes it has.
    private func refusal(of task: T) -> Result<Int, ProcessPoolError> {
        do {
            let size = try TaskChunk.encode([task], isSameExecutable: isSameExecutable).size
            guard size > pool.configuration.inputLimit else { return .success(size) }
            return .failure(
                ProcessPoolError(
                    .inputTooLarge,
                    "task '\(task.name)' has \(size) bytes; pool '\(pool.name)' takes at most \(pool.configuration.inputLimit)"
                ))
        } catch let error as ProcessPoolError {
            return .failure(error)
        } catch {
            return .failure(
                ProcessPoolError(.inputNotEncodable, "task '\(task.name)' could not be encoded", underlying: error))
        }
    }

    /// A chunk that cannot go as one.
    private struct Parted {
        var left: ArraySlice<(task: T, size: Result<Int, ProcessPoolError>)>
        var items: [Item] = []
        init(_ tasks: [(T, Result<Int, ProcessPoolError>)]) { left = tasks.map { (task: $0, size: $1) }[...] }

        /// As many of the next ones as go together; those before them that cannot go have their errors then.
        mutating func next(_ limit: Int) -> [T] {
            var tasks: [T] = []
            var sum = 0
            while let (task, size) = left.first {
                switch size {
                case .failure(let error):
                    guard tasks.isEmpty else { return tasks }
                    items.append((task, .failure(error)))
                case .success(let size):
                    guard tasks.isEmpty || sum + size <= limit else { return tasks }
                    tasks.append(task)
                    sum += size
                }
                left.removeFirst()
            }
            return tasks
        }
    }

    /// Only what cannot go alone fails; the rest goes piece by piece.
    private func sendWhatFits(_ parted: Parted, _ number: Int) {
        var parted = parted
        let tasks = parted.next(pool.configuration.inputLimit)
        guard !tasks.isEmpty else { return arrive(number, parted.items) }
        guard let payload = try? TaskChunk.encode(tasks, isSameExecutable: isSameExecutable) else {
            parted.items += tasks.map {
                ($0, .failure(ProcessPoolError(.inputNotEncodable, "task '\($0.name)' could not be encoded twice")))
            }
            return sendWhatFits(parted, number)
        }
        let rest = parted
        start(payload, of: tasks, number) { [self] items in
            var rest = rest
            rest.items += items
            sendWhatFits(rest, number)
        }
    }

    // MARK: Coming back

    private func chunkEnded(_ number: Int, _ items: [Item]) {
        let now = MonotonicTime.now
        state.withLock { state in
            guard case .automatic = chunk, let started = state.startedAt.removeValue(forKey: number) else { return }
            // As many as take about two milliseconds: long enough that the way costs little, short enough to spread the load.
            let took = (now - started).clampedNanoseconds
            if took < 2_000_000, state.size < 1_024, items.count >= state.size { state.size *= 2 }
            if took > 8_000_000, state.size > 1 { state.size /= 2 }
        }
        arrive(number, items)
    }

    private func arrive(_ number: Int, _ items: [Item]) {
        let stopped = state.withLock { state -> StopReason? in
            state.out[number] = nil
            state.startedAt[number] = nil
            add(items, of: number, isLast: true, &state)
            return state.out.isEmpty ? state.stopReason : nil
        }
        signal.wake()
        if let stopped { worker.valueIfResolved?.end(.stopped(stopped)) }
    }

    private func add(_ items: [Item], of number: Int, isLast: Bool, _ state: inout State) {
        switch order {
        case .asSubmitted:
            if state.ready[number]?.items.append(contentsOf: items) == nil {
                state.ready[number] = Piece(items: items)
            }
            state.ready[number]?.isLast = isLast
        case .asCompleted: state.arrived.append(Piece(items: items, isLast: isLast))
        }
    }

    // MARK: The end

    /// Nobody wants more: what is out is stopped.
    func stopAll(_ reason: StopReason) {
        let jobs = state.withLock { state in
            if state.stopReason == nil { state.stopReason = reason }
            return state.out.sorted { $0.key < $1.key }.map(\.value)
        }
        for job in jobs { pool.stop(job, reason) }
        signal.wake()
    }

    func end() {
        let isFirst = state.withLock { state in
            defer { state.isOver = true }
            return !state.isOver
        }
        guard isFirst else { return }
        stopAll(.requested("nobody iterates its results any more"))
        guard let worker = worker.valueIfResolved else { return }
        if let reason = worker.stopReason { worker.end(.stopped(reason)) } else { worker.finish(NoOutput()) }
    }

    // MARK: RemoteWork

    func enqueue() {}

    func stop(_ reason: StopReason) {
        stopAll(reason)
        // It has no body that would notice: its ending is there when its tasks are over.
        if state.withLock({ $0.out.isEmpty }) { worker.valueIfResolved?.end(.stopped(reason)) }
    }

    func pauseChanged() {
        for job in state.withLock({ Array($0.out.values) }) { pool.pauseChanged(job) }
    }

    func kill() {
        for job in state.withLock({ Array($0.out.values) }) { pool.kill(job) }
    }
}
