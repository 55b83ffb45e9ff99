/// The workers of a scope that wait behind its limit, in the order they came. Guarded by the scope's lock.
struct ScopeQueue {
    /// An entry is nil once it was taken out.
    private var entries: [WorkerCore?] = []
    private var head = 0
    /// Entries whose worker has ended behind the limit.
    private var dead = 0
    private(set) var count = 0
    /// Entries that were taken out dead.
    var graveyard = Graveyard()

    var isEmpty: Bool { count == 0 }

    var workers: [WorkerCore] { entries[head...].compactMap { $0 }.filter(\.isInScopeQueue) }

    mutating func append(_ worker: WorkerCore) {
        worker.isInScopeQueue = true
        entries.append(worker)
        count += 1
    }

    /// Puts one back that was taken out last.
    mutating func pushFirst(_ worker: WorkerCore) {
        worker.isInScopeQueue = true
        count += 1
        if head > 0 {
            head -= 1
            entries[head] = worker
        } else {
            entries.insert(worker, at: 0)
        }
    }

    /// The first that still waits.
    mutating func popFirst() -> WorkerCore? {
        while head < entries.count {
            let candidate = entries[head]
            entries[head] = nil
            head += 1
            if head > 32, head * 2 > entries.count {
                entries.removeFirst(head)
                head = 0
            }
            guard let candidate else { continue }
            if candidate.isInScopeQueue {
                candidate.isInScopeQueue = false
                count -= 1
                // Stopped this moment: whoever stopped it ends it.
                if !candidate.isStopped, !candidate.isEnded {
                    buryAllIfEmpty()
                    return candidate
                }
            } else {
                dead -= 1
            }
            graveyard.bury(candidate)
        }
        buryAllIfEmpty()
        return nil
    }

    /// The entry of `worker` stands for nothing any more. False when it had none.
    mutating func forget(_ worker: WorkerCore) -> Bool {
        guard worker.isInScopeQueue else { return false }
        worker.isInScopeQueue = false
        count -= 1
        dead += 1
        buryAllIfEmpty()
        if dead > 64, dead > count {
            var kept: [WorkerCore?] = []
            for case let entry? in entries[head...] {
                if entry.isInScopeQueue { kept.append(entry) } else { graveyard.bury(entry) }
            }
            entries = kept
            head = 0
            dead = 0
        }
        return true
    }

    /// With nobody waiting no dead entry stays: a worker holds its scope, which holds this.
    private mutating func buryAllIfEmpty() {
        guard count == 0, !entries.isEmpty else { return }
        for case let entry? in entries[head...] { graveyard.bury(entry) }
        entries.removeAll(keepingCapacity: entries.count < 1_024)
        head = 0
        dead = 0
    }
}
