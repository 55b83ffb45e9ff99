import CRoostCrash
import Glibc

/// What is taken away: what runs wanted to have gone, and what there is too much of.
extension RunStore {
    // MARK: Files that runs declared

    /// Removes the files that the run wanted to have gone at its end, if it crashed or was killed: once for each run. What has one of these names
    /// may be somebody else's by now: it stays when a run that lives has declared it, or when it was changed after `moment`, in nanoseconds
    /// since 1970, when the run was over.
    func clear(_ run: DeadRun, _ ending: RunEnding.Kind, after moment: Int64) {
        guard ending == .crashed || ending == .killed, !run.record.isCleared, let page = page(of: run),
            !page.unlinks.isEmpty, page.crashState < ROOST_CRASH_FINALIZED
        else { return }
        let living = declaredByTheLiving()
        guard let (run, file) = opened(run.id), !run.record.isCleared, run.record.settled == nil else { return }
        // Before they are removed: whatever comes in between, it is not done twice.
        guard (try? file.write(RunRecord.Line.cleared.textOnItsOwn)) != nil else { return }
        for path in page.unlinks where !living.contains(path) {
            var status = stat()
            guard lstat(path, &status) == 0 else { continue }
            let changed = Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
            if changed < moment { unlink(path) }
        }
    }

    private func declaredByTheLiving() -> Set<[CChar]> {
        var paths: Set<[CChar]> = []
        for id in runIDs() + [own] where id == own || deadRun(id) == nil {
            guard let file = try? File("\(folders.pages)/\(id.page)", O_RDONLY) else { continue }
            let page = LeftPage(file.contents(limit: Int(ROOST_CRASH_FILE_SIZE)), isSameExecutable: false)
            paths.formUnion(page?.unlinks ?? [])
        }
        return paths
    }

    // MARK: Limits

    /// Writes down that somebody looked at the run, and takes away what is not needed any more.
    func settle(_ run: DeadRun, _ file: File, _ kind: RunEnding.Kind, keepsPage: Bool) throws(StoreError) {
        guard !keepsPage else { return }
        try file.write(RunRecord.Line.settled(kind).textOnItsOwn)
        for path in [ownPage(run.record, run.id), "\(folders.runs)/\(run.id.copy)"].compactMap({ $0 }) { unlink(path) }
    }

    /// The page that the record names: a damaged one may name any file.
    private func ownPage(_ record: RunRecord, _ id: RunID) -> String? {
        record.page.flatMap { $0.hasSuffix("/" + id.page) ? $0 : nil }
    }

    /// Writes down that a later run was told of this one.
    func noteTold(_ run: DeadRun) {
        guard let file = try? File("\(folders.runs)/\(run.id.record)", O_WRONLY | O_APPEND) else { return }
        try? file.write(RunRecord.Line.told.textOnItsOwn)
    }

    /// How long a page is kept whose record somebody has removed: its file stands in memory, and nobody would ever ask for it.
    private static let longest = Int64(30) * 24 * 3_600 * 1_000
    /// How old a record without its first lines is before it is nobody's.
    private static let longestUnfinished = Int64(3_600) * 1_000

    private func forgetLostPages() {
        let now = Int64(time(nil)) * 1_000
        for name in FileSystem.names(in: folders.pages) {
            guard let id = RunID(file: name, ending: ".page"), now - id.milliseconds > Self.longest,
                kill(id.process, 0) != 0
            else { continue }
            unlink("\(folders.pages)/\(name)")
        }
    }

    private func forgetUnfinished(_ names: [String]) {
        let now = Int64(time(nil)) * 1_000
        for name in names {
            guard let id = RunID(file: name, ending: ".run.new"), now - id.milliseconds > Self.longestUnfinished,
                let file = FileSystem.openOrRemove("\(folders.runs)/\(name)"), file.lockToRead()
            else { continue }
            unlink("\(folders.pages)/\(id.page)")
            unlink(file.path)
        }
    }

    /// Removes the oldest records beyond so many, with what belongs to them. Those of runs that are alive stay, and as many again of runs that
    /// somebody is still to be told of. Of very many it removes what it can in this time.
    func forget(beyond limit: Int, within time: Duration = .seconds(2)) {
        forgetLostPages()
        let names = FileSystem.names(in: folders.runs)
        forgetUnfinished(names)
        let ids = ids(names)
        guard ids.count > limit else { return }
        let timelines = Dictionary(grouping: FileSystem.names(in: folders.timelines)) { name in
            name.split(separator: "-", maxSplits: 2).prefix(2).joined(separator: "-")
        }
        // A long list is no reason to take nothing away.
        let deadline = ContinuousClock.now + time
        var untold = 0
        for id in ids.dropLast(limit).reversed() {
            guard ContinuousClock.now < deadline else { return }
            let path = "\(folders.runs)/\(id.record)"
            guard let file = FileSystem.openOrRemove(path), file.lockToRead() else { continue }
            let record = RunRecord(file)
            if record?.mayBeUntold ?? false, untold < limit {
                untold += 1
                continue
            }
            unlink(record.flatMap { ownPage($0, id) } ?? "\(folders.pages)/\(id.page)")
            for name in timelines[id.text] ?? [] { unlink("\(folders.timelines)/\(name)") }
            unlink("\(folders.runs)/\(id.copy)")
            unlink(path)
        }
    }
}
