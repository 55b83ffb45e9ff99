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
        /// Counts the times it was woken: a look of an earlier waking is not followed by another.
        var waking = 0
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
        let waking = state.withLock { state in
            state.idleLooks = 0
            state.waking += 1
            return state.waking
        }
        SystemTime.shared.scheduleSample(after: Self.interval) { self.look(waking) }
    }

    private func look(_ waking: Int) {
        let now = MonotonicTime.now
        let looks = state.withLock { state -> Int? in
            guard state.waking == waking else { return nil }
            var anyBusy = false
            for slot in state.slots.values where slot.sample(at: now) { anyBusy = true }
            state.idleLooks = anyBusy ? 0 : state.idleLooks + 1
            return state.idleLooks
        }
        guard let looks else { return }
        if looks == Self.patience {
            // Announce the sleep, then look once more: work that began before it saw the announcement is seen then.
            isAsleep.store(true, ordering: .sequentiallyConsistent)
        } else if looks > Self.patience {
            return
        } else if isAsleep.load(ordering: .relaxed) {
            // Work began meanwhile. Whoever woke the sampler first has a chain of looks of its own.
            guard isAsleep.exchange(false, ordering: .acquiringAndReleasing) else { return }
        }
        SystemTime.shared.scheduleSample(after: Self.interval) { self.look(waking) }
    }
}
