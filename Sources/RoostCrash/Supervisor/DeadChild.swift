import CRoostCrash
import Glibc

/// A supervised program that has ended: what its parent does about that.
///
/// In a copy of the parent: what was written by a broken process cannot take the parent along, nor can symbols that need much memory.
struct DeadChild {
    let program: String
    let configuration: CrashCapture.Configuration
    let process: Int32
    let began: Int64
    let seen: RunWitness

    /// What the parent has to know of it.
    enum Verdict: Int32 {
        /// It ended as somebody, or it itself, wanted.
        case orderly = 0
        /// It did not.
        case bad = 1
        /// It was already asked to end.
        case badWhileEnding = 2
    }

    /// How long the copy may take before the parent goes on without it: the next start then does what is left.
    private static let limit: Int32 = 30_000

    /// Runs the finalizers that the program declared, finds the names, writes the report. Blocks.
    func handle() -> Verdict {
        let copy = roost_supervisor_copy()
        if copy == 0 { _exit(settle().rawValue) }
        let status = copy > 0 ? roost_supervisor_wait_for_copy(copy, Self.limit) : 127 << 8
        if status & 0xFF == 0, let verdict = Verdict(rawValue: status >> 8 & 0xFF) { return verdict }
        return wasAsked || seen.end == .exited(0) ? .orderly : .bad
    }

    private var wasAsked: Bool {
        seen.end.signal.map { [SIGTERM, SIGINT, SIGHUP, SIGQUIT].contains($0) } ?? false
    }

    private func settle() -> Verdict {
        let supervisor = getppid()
        guard let folders = try? StoreFolders.find(for: program, folder: configuration.folder) else { return guess }
        let stores = [folders, folders.spare].compactMap { $0 }.map {
            RunStore(folders: $0, machine: .now(), own: RunID(began: 0, process: getpid()))
        }
        guard let dead = recorded(in: stores) ?? unrecorded(stores) else { return guess }
        let runs = dead.store
        let page = runs.page(of: dead)
        LeftGroups.kill(page?.groups ?? [], below: supervisor)
        let run = runs.settle(
            dead, into: CrashStore(folder: runs.folders.reports, limits: configuration.limits), seen: seen)
        runs.forget(beyond: configuration.limits.runs)
        if run.ending.isOrderly || run.ending == .quit || run.crash == nil && wasAsked { return .orderly }
        return page?.isEnding == true || run.ending == .pastBudget ? .badWhileEnding : .bad
    }

    /// Without a record of it: a status is then the program's own answer.
    private var guess: Verdict { seen.end.signal == nil || wasAsked ? .orderly : .bad }

    /// The record of it. Another start may look at it at this moment, which takes milliseconds.
    private func recorded(in stores: [RunStore]) -> RunStore.DeadRun? {
        for _ in 0..<100 {
            for runs in stores {
                if let dead = runs.deadRun(of: process, since: began) { return dead }
            }
            guard stores.contains(where: { $0.hasRun(of: process, since: began) }) else { return nil }
            usleep(5_000)
        }
        return nil
    }

    /// One that ended before it had written down that it is there.
    private func unrecorded(_ stores: [RunStore]) -> RunStore.DeadRun? {
        guard guess == .bad, !stores.contains(where: { $0.hasRun(of: process, since: began) }) else { return nil }
        for runs in stores {
            if let dead = newRecord(in: runs) { return dead }
        }
        return nil
    }

    private func newRecord(in runs: RunStore) -> RunStore.DeadRun? {
        let id = RunID(began: began, process: process)
        let lines = RunRecord.beginning(
            program, configuration.version, process: process, runs.machine, began: began)
        let text = RunRecord.format + "\n" + lines.map(\.text).joined()
        do {
            try FileSystem.makeFolder(runs.folders.runs)
            let file = try File("\(runs.folders.runs)/\(id.record)", O_RDWR | O_CREAT | O_EXCL | O_APPEND)
            guard file.lock(), let record = RunRecord(text) else { return nil }
            try file.write(text)
            return RunStore.DeadRun(store: runs, id: id, record: record)
        } catch { return nil }
    }
}

extension RunStore {
    /// The record of this process, which is over; nil when there is none, or somebody else looks at it.
    fileprivate func deadRun(of process: Int32, since began: Int64) -> DeadRun? {
        ids(of: process, since: began).lazy.compactMap(deadRun).first
    }

    fileprivate func hasRun(of process: Int32, since began: Int64) -> Bool { !ids(of: process, since: began).isEmpty }

    /// An earlier process may have had its number.
    private func ids(of process: Int32, since began: Int64) -> [RunID] {
        let earliest = RunID(began: began, process: process)
        return runIDs().filter { $0.process == process && $0 >= earliest }
    }
}
