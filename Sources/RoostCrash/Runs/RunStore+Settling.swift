import Glibc
import RoostCrashReport
import RoostSymbols

extension RunStore {
    /// So many starts try to find the names. Whatever ends each of them on its way, a damaged file or too little memory, does not end all that
    /// follow.
    private static let mostNamings = 3

    /// Finds the names for what a run left, writes its report into the store, removes its files and its page, and writes down that somebody has
    /// looked at it. What could not be done is among the problems of the result; without its report the page stays, for the next who tries.
    /// One that somebody else looks at, or has looked at, is told as far as it can be.
    func settle(_ dead: DeadRun, into store: CrashStore?, seen: RunWitness? = nil) -> LastRun {
        if let seen { clear(dead, seen.ending(dead.record, page(of: dead)).kind, after: seen.time) }
        guard let (dead, file) = opened(dead.id), dead.record.settled == nil else {
            return lastRun(deadRun(dead.id) ?? dead, seen: seen).run
        }
        var (run, page) = lastRun(dead, seen: seen)
        if dead.record.namings >= Self.mostNamings, run.crash != nil {
            run.problems.append(
                "its names were not looked up: \(Self.mostNamings) starts that tried did not come to their end")
        } else if let page, var stacks = page.stacks, run.crash != nil {
            try? file.write(RunRecord.Line.naming.textOnItsOwn)
            if !dead.record.buildID.isEmpty {
                stacks.identify(dead.record.executable, as: BuildID(rawValue: dead.record.buildID))
            }
            let names = FrameNames.find(stacks, of: page.first?.time ?? dead.record.began)
            run.crash = Self.report(
                dead.record, page, seen: seen, threads: names.threads(of: stacks), problem: names.problem)
        }
        var isKept = true
        // One that was asked for its threads has written its report itself.
        if !run.ending.isOrderly, run.ending != .quit, let store {
            do { try store.write(RunReport(run), name: CrashStore.name(dead.id, run.ending.kind)) } catch {
                run.problems.append("its report could not be written: \(error)")
                isKept = false
            }
        }
        do { try settle(dead, file, run.ending.kind, keepsPage: !isKept) } catch { run.problems.append("\(error)") }
        return run
    }
}

extension LastRun {
    /// A run from its record and the report that somebody wrote of it: as scrubbed as that is. Without the report only how it ended is left.
    init(_ record: RunRecord, _ kind: RunEnding.Kind, _ report: RunReport?) {
        let end = report?.end?.signal ?? 0
        let ending: RunEnding =
            switch kind {
            case .crashed: .crashed(report?.crash?.signal ?? CrashSignal(number: end))
            case .killed: .killed(report?.killCause)
            case .pastBudget: .pastBudget
            case .quit: .quit
            case .machineWentDown: .machineWentDown
            case .clean, .stopped: .clean(status: 0)
            }
        self.init(
            program: record.program, version: record.version, process: record.process, began: record.began,
            ending: ending, stage: report?.stage ?? record.openStage?.name, hasLaunched: record.launched != nil,
            workers: report?.workers ?? [],
            crashedWorker: report?.workers.first {
                !$0.isProcess && $0.thread != nil && $0.thread == report?.crash?.signal?.thread
            }, lines: report?.lines ?? [], crash: report?.crash, otherSignals: report?.otherSignals ?? [],
            standardError: record.standardError, output: report?.output ?? [], end: report?.end,
            problems: report == nil ? ["its report is gone, or cannot be read"] : [])
    }
}
