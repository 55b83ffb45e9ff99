import CRoostCrash
import Glibc
import RoostCrashReport
import RoostSymbols

/// The records of a program's runs on the disk: who is alive, how the others ended, and what they left.
struct RunStore: Sendable, Hashable {
    let folders: StoreFolders
    let machine: Machine
    /// The run of this process: its record is not to be opened again.
    let own: RunID
    /// Where reports of these runs may lie as well.
    var elsewhere: [StoreFolders] = []

    /// What is known of the machine and of this process, to compare runs with.
    struct Machine: Sendable, Hashable {
        var boot: String
        var executable: String
        var buildID: String
        var outOfMemoryKills: Int64?

        static func now() -> Machine {
            Machine(
                boot: FileSystem.text("/proc/sys/kernel/random/boot_id").map { String($0.prefix { $0 != "\n" }) } ?? "",
                executable: FileSystem.link("/proc/self/exe") ?? "",
                buildID: BuildID.ofExecutable()?.rawValue ?? "",
                outOfMemoryKills: FileSystem.text("/proc/vmstat").flatMap(MemoryKills.count))
        }
    }

    /// A run that is over.
    struct DeadRun: Sendable, Hashable {
        var store: RunStore
        var id: RunID
        var record: RunRecord
    }

    /// The runs that are over, the last one first: at most so many, and of those before them as many again that somebody may still have to be
    /// told of.
    func deadRuns(atMost limit: Int) -> [DeadRun] {
        var found: [DeadRun] = []
        // More than that there is only until somebody tidies up.
        for id in runIDs().suffix(10 * limit).reversed() {
            guard found.count < 2 * limit else { break }
            guard let run = deadRun(id), found.count < limit || run.record.mayBeUntold else { continue }
            found.append(run)
        }
        return found
    }

    /// The run with this name, if it is over.
    func deadRun(_ id: RunID) -> DeadRun? {
        // What another start looks at is over as well; it may be done with it just now.
        for _ in 0..<3 {
            if let run = opened(id)?.run { return run }
            guard id != own, let file = try? File("\(folders.runs)/\(id.record)", O_RDONLY) else { return nil }
            if file.isLockedToRead, let record = RunRecord(file) { return DeadRun(store: self, id: id, record: record) }
        }
        return nil
    }

    /// A run with its page. What another start has settled meanwhile has none any more, and a record that says so.
    func withPage(_ run: DeadRun) -> (run: DeadRun, page: LeftPage?) {
        if let page = page(of: run) { return (run, page) }
        guard run.record.settled == nil, let again = deadRun(run.id), again.record.settled != nil else {
            return (run, nil)
        }
        return (again, nil)
    }

    /// The same with its record, which is locked for as long as that is held: a second program of the same name leaves it alone meanwhile.
    func opened(_ id: RunID) -> (run: DeadRun, file: File)? {
        guard id != own, let file = try? File("\(folders.runs)/\(id.record)", O_RDWR | O_APPEND),
            // Whose record is locked is alive, or is being looked at.
            file.lockToRead()
        else { return nil }
        guard let record = RunRecord(file) ?? pieced(id, file) else { return nil }
        return (DeadRun(store: self, id: id, record: record), file)
    }

    /// The record of a run that found no room for it, from what its name says, if its page is there.
    private func pieced(_ id: RunID, _ file: File) -> RunRecord? {
        let path = "\(folders.pages)/\(id.page)"
        var status = stat()
        guard stat(path, &status) == 0 else { return nil }
        let program = String(folders.pages.split(separator: "/").last ?? "")
        let lines: [RunRecord.Line] = [
            .program(program.hasPrefix("roost-") ? String(program.dropFirst(6)) : program), .process(id.process),
            .began(id.milliseconds * 1_000_000), .page(path), .pieced,
        ]
        let text = RunRecord.format + "\n" + lines.map(\.text).joined()
        // Without room there is none for what is added to it, either.
        try? file.empty()
        try? file.write(text)
        return RunRecord(text)
    }

    func runIDs() -> [RunID] { ids(FileSystem.names(in: folders.runs)) }

    func ids(_ names: [String]) -> [RunID] { names.compactMap { RunID(file: $0, ending: ".run") }.filter { $0 != own } }

    // MARK: What a run left

    /// The page of a run, or its copy on the disk; nil when there is neither.
    func page(of run: DeadRun) -> LeftPage? {
        let isSame = !machine.buildID.isEmpty && run.record.buildID == machine.buildID
        let paths = [run.record.page, "\(folders.runs)/\(run.id.copy)"].compactMap { $0 }
        let pages = paths.compactMap { path -> LeftPage? in
            guard let file = try? File(path, O_RDONLY) else { return nil }
            return LeftPage(file.contents(limit: Int(ROOST_CRASH_FILE_SIZE)), isSameExecutable: isSame)
        }
        // The page, unless the machine's end took what the copy still knows.
        return pages.first { $0.first != nil } ?? pages.first
    }

    /// How a run ended, from what it left alone.
    func ending(of record: RunRecord, page: LeftPage?) -> RunEnding {
        if let first = page?.first { return .crashed(first.signal) }
        switch page?.end ?? record.ended {
        case .exit(let status)?: return .clean(status: status)
        case .signal(let number)?: return .stopped(signal: number)
        case .pastBudget?: return .pastBudget
        case .quit?: return .quit
        case nil: break
        }
        if !record.boot.isEmpty, !machine.boot.isEmpty, record.boot != machine.boot { return .machineWentDown }
        if let before = record.outOfMemoryKills, let now = machine.outOfMemoryKills, now > before {
            return .killed(.outOfMemory)
        }
        return .killed(page?.isEnding == true ? .whileEnding : nil)
    }

    /// All that is known of a run; without names for the addresses of a crash. `seen` is what its parent saw, if that is who asks.
    func lastRun(_ run: DeadRun, seen: RunWitness? = nil) -> (run: LastRun, page: LeftPage?) {
        let (run, page) = withPage(run)
        let record = run.record
        if page == nil, let told = toldBefore(run) { return (told, nil) }
        let ending = seen?.ending(record, page) ?? ending(of: record, page: page)
        let isOver = ending.isOrderly
        return (
            LastRun(
                program: record.program, version: record.version, process: record.process, began: record.began,
                ending: ending, stage: isOver ? nil : record.openStage?.name ?? page?.openStage,
                hasLaunched: record.launched != nil, workers: isOver ? [] : page?.activities ?? [],
                crashedWorker: page?.crashedActivity, lines: page?.lines ?? [],
                crash: Self.report(record, page, seen: seen), otherSignals: page?.others ?? [],
                standardError: record.standardError, output: isOver ? [] : seen?.lines(of: record.program) ?? [],
                end: seen?.end,
                problems: []), page
        )
    }

    /// `threads` with names, when they have been looked up; else addresses.
    static func report(
        _ record: RunRecord, _ page: LeftPage?, seen: RunWitness? = nil, threads: [CrashThread]? = nil,
        problem: String? = nil
    ) -> CrashReport? {
        guard let signal = page?.first?.signal ?? seen?.fatalSignal else { return nil }
        let backtrace: CrashEvidence.Backtrace =
            if let stacks = page?.stacks {
                .threads(
                    threads ?? stacks.unnamedThreads, omitted: stacks.omitted,
                    isTrapInstruction: stacks.isTrapInstruction,
                    problem: problem)
            } else { .missing("its stacks were not written") }
        // What the program said of an error that nobody caught stands in for what it printed, where nobody kept that.
        let message = page?.message ?? ""
        return CrashReport(
            CrashEvidence(
                program: record.program, process: record.process,
                end: seen?.end ?? .signalled(signal.number, coreDumped: false), signal: signal,
                standardError: (seen?.printed(of: record.program) ?? [])
                    + (message.isEmpty ? [] : Array("\(message)\n".utf8)),
                standardErrorIsCut: seen?.outputIsCut ?? false, backtrace: backtrace,
                foundAt: (page?.first?.time ?? seen?.time).map { $0 / 1_000_000_000 }))
    }

    /// A run whose page is gone, for somebody has written its report: that tells it. Without it the record still knows how the run ended.
    private func toldBefore(_ run: DeadRun) -> LastRun? {
        guard let short = run.record.settled, !short.isOrderly else { return nil }
        let reports = ([folders] + elsewhere).lazy.compactMap { folders in
            CrashStore(folder: folders.reports, limits: StoreLimits()).report(of: run.id, short)
        }
        return LastRun(run.record, short, reports.first)
    }
}
