/// The timers that wait, soonest first: a binary heap, driven by time passed in.
struct TimerQueue {
    struct Entry {
        var deadline: MonotonicTime
        let id: UInt64
        let isBudget: Bool
        let action: @Sendable () -> Void
    }

    private var heap: [Entry] = []
    private var cancelled: Set<UInt64> = []
    private var pending: Set<UInt64> = []

    /// The soonest deadline; nil when nothing waits.
    var next: MonotonicTime? { heap.first?.deadline }
    var hasBudgets: Bool { heap.contains { $0.isBudget } }

    mutating func insert(_ entry: Entry) {
        pending.insert(entry.id)
        heap.append(entry)
        siftUp(heap.count - 1)
    }

    mutating func cancel(_ id: UInt64) {
        guard pending.remove(id) != nil else { return }
        cancelled.insert(id)
        // Cancelled entries are dropped when they surface, or here once they are the majority.
        if cancelled.count > 32, cancelled.count > heap.count / 2 {
            heap.removeAll { cancelled.contains($0.id) }
            cancelled = []
            rebuild()
        }
        while let first = heap.first, cancelled.contains(first.id) {
            cancelled.remove(first.id)
            _ = removeFirst()
        }
    }

    /// Takes out everything that is due at `now`, soonest first.
    mutating func due(at now: MonotonicTime) -> [@Sendable () -> Void] {
        var actions: [@Sendable () -> Void] = []
        while let first = heap.first, first.deadline <= now {
            let entry = removeFirst()
            guard cancelled.remove(entry.id) == nil else { continue }
            pending.remove(entry.id)
            actions.append(entry.action)
        }
        return actions
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
