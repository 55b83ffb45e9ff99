import CRoostLedger
import Synchronization

/// One row of the ledger with what the sampler knows about it: the place a running body reports its checkpoints to.
///
/// Owned by one pool thread, or by one async body. Never freed while a body that may still use it is running.
// proof: `row` is a C row of atomics; `sampled` belongs to the sampler's thread.
final class RunSlot: @unchecked Sendable {
    let row: UnsafeMutablePointer<roost_ledger_slot>
    /// Counts the runs on this slot; odd while one is under way.
    private let epoch = Atomic<UInt64>(0)
    /// The epoch that `longestGap` and `busySince` speak of.
    private let sampledEpoch = Atomic<UInt64>(0)
    private let longestGap = Atomic<Int64>(0)
    private let busySince = Atomic<Int64>(0)
    private var sampled: (count: UInt64, since: Int64) = (0, 0)

    init(_ owner: LedgerOwner) {
        guard let row = owner.takeRow() else { fatalError("Roost: out of memory for a thread's ledger row") }
        self.row = row
    }

    deinit { roost_ledger_give_back(row) }

    /// A worker's body begins here.
    func begin(worker: String, scope: String) {
        var worker = worker
        var scope = scope
        worker.withUTF8 { worker in
            scope.withUTF8 { scope in
                let none: StaticString = ""
                roost_ledger_begin(
                    row, worker.baseAddress ?? none.utf8Start, worker.count,
                    scope.baseAddress ?? none.utf8Start, scope.count)
            }
        }
        beginUnnamed()
    }

    /// A plain closure begins here.
    @inline(__always)
    func beginUnnamed() {
        epoch.store(epoch.load(ordering: .relaxed) &+ 1, ordering: .releasing)
        CheckpointSampler.shared.noteWork()
    }

    @inline(__always)
    func endUnnamed() {
        epoch.store(epoch.load(ordering: .relaxed) &+ 1, ordering: .releasing)
    }

    func end() {
        roost_ledger_end(row)
        endUnnamed()
    }

    /// The longest time between two checkpoints of the present run, as far as the sampler saw one; nil for a run that was
    /// too short to be seen.
    var longestGapSoFar: Duration? {
        guard sampledEpoch.load(ordering: .acquiring) == epoch.load(ordering: .relaxed) else { return nil }
        return .nanoseconds(longestGap.load(ordering: .relaxed))
    }

    /// Since when the present run is under way, within the sampling interval; nil while idle or not seen yet.
    var runsSince: MonotonicTime? {
        let now = epoch.load(ordering: .acquiring)
        guard now & 1 == 1, sampledEpoch.load(ordering: .acquiring) == now else { return nil }
        return MonotonicTime(nanoseconds: busySince.load(ordering: .relaxed))
    }

    var lastCheckpoint: CallSite? { CallSite(packed: roost_ledger_site(row)) }

    /// Looks once; true while something runs here. Only the sampler calls this.
    func sample(at now: MonotonicTime) -> Bool {
        let seen = epoch.load(ordering: .acquiring)
        guard seen & 1 == 1 else { return false }
        let count = roost_ledger_count(row)
        if sampledEpoch.load(ordering: .relaxed) != seen {
            sampled = (count, now.nanoseconds)
            longestGap.store(0, ordering: .relaxed)
            busySince.store(now.nanoseconds, ordering: .relaxed)
            sampledEpoch.store(seen, ordering: .releasing)
            return true
        }
        let gap = now.nanoseconds - sampled.since
        if gap > longestGap.load(ordering: .relaxed) { longestGap.store(gap, ordering: .relaxed) }
        if count != sampled.count { sampled = (count, now.nanoseconds) }
        return true
    }
}
