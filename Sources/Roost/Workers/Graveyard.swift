/// Workers that were taken out of a queue under its lock, to be let go of with no lock held: their end may run user code.
struct Graveyard {
    private var workers: [WorkerCore] = []

    var isEmpty: Bool { workers.isEmpty }

    mutating func bury(_ worker: WorkerCore) { workers.append(worker) }

    mutating func takeAll() -> [WorkerCore] {
        guard !workers.isEmpty else { return [] }
        defer { workers = [] }
        return workers
    }
}
