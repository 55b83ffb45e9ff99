import Synchronization

/// Looks at the checkpoint counters of running workers every 10 ms while any run, so that the longest gap between two
/// checkpoints is known without a clock in the worker's loop.
///
/// With nothing running for a second it sleeps; the next worker wakes it.
final class CheckpointSampler: Sendable {
    static let shared = CheckpointSampler()

    private static let interval = Duration.milliseconds(10)
    private static let patience = 100

    private struct State {
        var slots: [ObjectIdentifier: RunSlot] = [:]
        var idleLooks = 0
    }

    private let state = Locked(State())
    private let isAsleep = Atomic<Bool>(true)

    func add(_ slot: RunSlot) {
        state.withLock { $0.slots[ObjectIdentifier(slot)] = slot }
    }

    func remove(_ slot: RunSlot) {
        state.withLock { $0.slots[ObjectIdentifier(slot)] = nil }
    }

    /// Work began somewhere. One relaxed load unless the sampler sleeps.
    @inline(__always)
    func noteWork() {
        if isAsleep.load(ordering: .relaxed) { wake() }
    }

    @inline(never)
    private func wake() {
        guard isAsleep.exchange(false, ordering: .acquiringAndReleasing) else { return }
        state.withLock { $0.idleLooks = 0 }
        SystemTime.shared.scheduleSample(after: Self.interval) { self.look() }
    }

    private func look() {
        let now = MonotonicTime.now
        let isIdle = state.withLock { state in
            var anyBusy = false
            for slot in state.slots.values where slot.sample(at: now) { anyBusy = true }
            state.idleLooks = anyBusy ? 0 : state.idleLooks + 1
            return state.idleLooks
        }
        if isIdle == Self.patience {
            // Announce the sleep, then look once more: work that began before it saw the announcement is seen then.
            isAsleep.store(true, ordering: .sequentiallyConsistent)
        } else if isIdle > Self.patience {
            return
        } else if isAsleep.load(ordering: .relaxed) {
            isAsleep.store(false, ordering: .relaxed)
        }
        SystemTime.shared.scheduleSample(after: Self.interval) { self.look() }
    }
}
