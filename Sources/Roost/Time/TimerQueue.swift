/// The timers that wait, soonest first: a binary heap, driven by time passed in.
struct TimerQueue {
    typealias Action = @Sendable () -> Void

    private struct Entry {
        var deadline: MonotonicTime
        let id: UInt64
        let isBudget: Bool
    }

    /// Entries of cancelled timers stay until they surface, or are the majority: they have no action any more.
    private var heap: [Entry] = []
    private var actions: [UInt64: Action] = [:]
    private var budgets: Set<UInt64> = []

    /// The soonest deadline; nil when nothing waits.
    var next: MonotonicTime? { heap.first?.deadline }
    var count: Int { actions.count }
    var hasBudgets: Bool { !budgets.isEmpty }

    mutating func insert(deadline: MonotonicTime, id: UInt64, isBudget: Bool = false, _ action: @escaping Action) {
        actions[id] = action
        if isBudget { budgets.insert(id) }
        heap.append(Entry(deadline: deadline, id: id, isBudget: isBudget))
        siftUp(heap.count - 1)
    }

    /// Takes a timer out. Its action is returned so that the caller lets go of it (and of what it captured) with no lock
    /// held.
    mutating func cancel(_ id: UInt64) -> Action? {
        guard let action = actions.removeValue(forKey: id) else { return nil }
        budgets.remove(id)
        if heap.count > 64, actions.count < heap.count / 2 {
            heap.removeAll { actions[$0.id] == nil }
            rebuild()
        }
        dropCancelledFirst()
        return action
    }

    /// Takes out everything that is due at `now`, soonest first.
    mutating func due(at now: MonotonicTime) -> [Action] {
        var due: [Action] = []
        while let first = heap.first, first.deadline <= now {
            let entry = removeFirst()
            guard let action = actions.removeValue(forKey: entry.id) else { continue }
            budgets.remove(entry.id)
            due.append(action)
        }
        dropCancelledFirst()
        return due
    }

    /// The first entry is always one that will fire: nobody wakes for a cancelled timer.
    private mutating func dropCancelledFirst() {
        while let first = heap.first, actions[first.id] == nil { _ = removeFirst() }
    }

    /// Moves every budget later: the process did not run for `duration`.
    mutating func postponeBudgets(by duration: Duration) {
        for index in heap.indices where heap[index].isBudget {
            heap[index].deadline = heap[index].deadline + duration
        }
        rebuild()
    }

    private mutating func removeFirst() -> Entry {
        let first = heap[0]
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            siftDown(0)
        }
        return first
    }

    private mutating func rebuild() {
        for index in stride(from: heap.count / 2 - 1, through: 0, by: -1) { siftDown(index) }
    }

    private func precedes(_ a: Int, _ b: Int) -> Bool {
        (heap[a].deadline, heap[a].id) < (heap[b].deadline, heap[b].id)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0, precedes(child, (child - 1) / 2) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var first = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && precedes(child, first) {
                first = child
            }
            guard first != parent else { return }
            heap.swapAt(parent, first)
            parent = first
        }
    }
}
