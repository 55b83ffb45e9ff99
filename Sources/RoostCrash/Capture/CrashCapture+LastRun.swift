/// What the runs before this one left.
extension CrashCapture {
    /// The newest run that did not end in order and that no run has been told of yet; if there is none, the newest that is over. Nil when there was
    /// none.
    ///
    /// A run counts as told, and all before it, once a program that asked for it has ``launched(isSafe:)`` or, by the entry that `RoostApp` has
    /// for a program, has run for two seconds: a start that only prints its usage, or hands over to an instance that is there already, tells
    /// nobody. One that was told before, the newest all the same, says so (``LastRun/wasTold``). Of a run that is still alive nothing is said.
    ///
    /// Read when it is first asked for, within some milliseconds, and what killed and crashed runs had declared (``FatalFinalizer``) is
    /// removed then: a program asks before it makes files of the same names. Of a crash the threads are addresses alone until ``settle()`` was
    /// called.
    public var lastRun: LastRun? {
        let known = settled.known ?? runsBefore.lastRun
        asked()
        return known
    }

    /// What the runs before this one say of the start.
    public var pastRuns: [PastRun] { runsBefore.past }

    /// Finds the names for what the runs before left, writes their reports into the store and takes their pages away; ``lastRun`` with all of that.
    /// Once in a process: whoever calls it meanwhile or later waits and gets the same. Blocks, for some seconds where the symbols are large: call
    /// it on a worker. A report that cannot be written, for the disk is full, is tried again by the next start.
    @discardableResult
    public func settle() -> LastRun? {
        guard let runs else { return nil }
        let before = runsBefore
        let run = settled.value {
            var last = before.lastRun
            for dead in before.waiting {
                let run = dead.store.settle(dead, into: store)
                if dead.id == before.last?.id { last = run }
            }
            // By others: this run may have noted it meanwhile.
            last?.wasTold = before.lastRun?.wasTold ?? false
            for store in [runs] + otherRuns { store.forget(beyond: configuration.limits.runs) }
            let told = before.waiting + (before.last.map { [$0] } ?? [])
            store?.prune(within: .seconds(2), sparing: Set(told.map(\.id.text)))
            return last
        }
        asked()
        return run
    }

    /// Whether a run that did not end in order has no report yet. Reads what the runs before left.
    package var hasUnsettledRun: Bool { runsBefore.hasBadOnes }

    /// This run has lasted long enough for its user to know what it was told.
    package func hasLasted() {
        if telling.withLock({ $0.lasted() }) { noteTold() }
    }

    private func asked() {
        if telling.withLock({ $0.asked() }) { noteTold() }
    }

    private func noteTold() {
        for run in runsBefore.untold { run.store.noteTold(run) }
    }

    var runsBefore: RunsBefore {
        before.value {
            guard let runs else { return RunsBefore() }
            return RunsBefore([runs] + otherRuns, limit: configuration.limits.runs)
        }
    }

    /// Those in memory of times at which the disk could not be written to, or the other way round.
    private var otherRuns: [RunStore] {
        guard let runs else { return [] }
        return runs.elsewhere.map {
            RunStore(folders: $0, machine: runs.machine, own: runs.own, elsewhere: [runs.folders])
        }
    }
}
