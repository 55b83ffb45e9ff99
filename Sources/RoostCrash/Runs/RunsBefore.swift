/// What the runs before this one left, read once, before any of it is looked up or taken away.
struct RunsBefore: Sendable {
    /// The one that a program is told of.
    var last: RunStore.DeadRun?
    var lastRun: LastRun?
    /// The oldest first.
    var past: [PastRun] = []
    /// Those that nobody has settled, the last one first.
    var waiting: [RunStore.DeadRun] = []
    /// Whether one of those did not end in order.
    var hasBadOnes = false
    /// Those that did not end in order and that nobody was told of.
    var untold: [RunStore.DeadRun] = []

    /// How much there may be beyond the limit until it is taken away at once: a program that is always over soon never settles.
    private static let surplus = 2

    init() {}

    /// Reads what is in these stores. What killed and crashed runs wanted to have gone is removed, for nothing of this run is there yet.
    init(_ stores: [RunStore], limit: Int) {
        for store in stores where store.runIDs().count > Self.surplus * limit {
            store.forget(beyond: limit, within: .milliseconds(20))
        }
        let runs = stores.flatMap { $0.deadRuns(atMost: limit) }.sorted { $0.id > $1.id }
        var bad: [RunStore.DeadRun] = []
        for (place, found) in runs.enumerated() {
            let (run, page) = found.record.settled == nil ? found.store.withPage(found) : (found, nil)
            let ending = run.record.settled ?? run.store.ending(of: run.record, page: page).kind
            // Of one whose record found no room nobody knows the version, and how far it had come. Those beyond the limit have gaps between them.
            if place < limit, !run.record.isPieced { past.insert(PastRun(run.record, ending: ending), at: 0) }
            if !ending.isOrderly { bad.append(run) }
            guard run.record.settled == nil else { continue }
            waiting.append(run)
            hasBadOnes = hasBadOnes || !ending.isOrderly
            run.store.clear(run, ending, after: run.store.own.milliseconds * 1_000_000)
        }
        untold = bad.filter { !$0.record.isTold }
        last = untold.first ?? runs.first
        lastRun = last.map { $0.store.lastRun($0).run }
        lastRun?.wasTold = last?.record.isTold ?? false
    }
}

/// When a run counts as told of those before it: once it has asked for that, and has lasted.
struct Telling: Sendable, Hashable {
    private var wasAsked = false
    private var hasLasted = false

    /// Somebody asked for the last run; true if it is now told.
    mutating func asked() -> Bool {
        defer { wasAsked = true }
        return !wasAsked && hasLasted
    }

    /// The program runs, or has run for a while; true if the last run is now told.
    mutating func lasted() -> Bool {
        defer { hasLasted = true }
        return !hasLasted && wasAsked
    }
}
