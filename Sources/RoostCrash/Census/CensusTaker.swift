import CRoostCensus
import CRoostLedger
import CRoostStacks
import Glibc
import RoostCrashReport
import RoostSymbols

/// Takes one census: what the kernel says, then what the threads say, then names for both.
struct CensusTaker {
    private let options: ThreadCensus.Options
    private let calls = ProcessDoor.calls

    init(_ options: ThreadCensus.Options) { self.options = options }

    func take() -> ThreadCensus {
        let began = roost_time_without_suspend()
        let wait = max(0, min(options.wait.nanosecondsClamped, 60_000_000_000))
        var problem: String?
        var isOurTurn = false
        if options.interrupting != .never {
            isOurTurn = roost_survey_begin(wait) == 0
            if !isOurTurn { problem = "another census was at work all the time" }
        }
        let all = ProcessDoor.threads()
        let ids = Set(all.map(\.thread))
        var seen = all.filter { options.threads?.contains($0.thread) ?? true }.map(Seen.init)
        for index in seen.indices { seen[index].refusal = problem ?? refusal(seen[index]) }
        if isOurTurn {
            lookAgain(&seen, within: wait - (roost_time_without_suspend() - began))
            problem = ask(&seen, wait - (roost_time_without_suspend() - began))
            roost_survey_end()
        }

        let hasFrames = seen.contains { !$0.frames.isEmpty }
        var stacks = RawStacks(threads: seen.map(\.raw), images: hasFrames ? ProcessDoor.images() : [])
        var names: NamedPlaces?
        if options.names {
            stacks.identifyImages()
            names = FrameNames.find(stacks)
        }
        let threads = names?.threads(of: stacks) ?? stacks.unnamedThreads
        let rows = ProcessDoor.rows()
        let finder = LockFinder(words: ProcessDoor.words, threads: ids) { thread, call in
            var kernel = roost_thread()
            return roost_thread_read(thread, &kernel) != 0 && Seen(kernel).call == call
        }
        var records = zip(seen, threads).map { record($0, stack: $1, rows, finder) }
        nameHolders(&records, all, rows)
        let process = getpid()
        records.sort { ($0.id == process ? 0 : 1, $0.began, $0.id) < ($1.id == process ? 0 : 1, $1.began, $1.id) }
        return ThreadCensus(
            process: process, takenAt: Int64(time(nil)),
            took: .nanoseconds(roost_time_without_suspend() - began), threads: records,
            problem: problem ?? names?.problem)
    }

    /// A thread before anything is known by its name.
    private struct Seen {
        var kernel: roost_thread
        var isCaller: Bool
        var call: SystemCall?
        /// Why it was not asked, or did not answer.
        var refusal: String?
        var frames: [UInt64] = []
        var isCut = false

        init(_ kernel: roost_thread) {
            self.kernel = kernel
            isCaller = kernel.thread == roost_own_thread()
            // The caller's own call is the one that looks.
            guard kernel.call >= 0, !isCaller else { return }
            let arguments = withUnsafePointer(to: kernel) { kernel in
                Array(UnsafeBufferPointer(start: roost_thread_arguments(kernel), count: 6))
            }
            let name = roost_call_name(kernel.call).map { String(cString: $0) }
            call = SystemCall(name: name ?? "system call \(kernel.call)", arguments: arguments)
        }

        var name: String { withUnsafePointer(to: kernel) { TerminalText.line(String(cString: roost_thread_name($0))) } }
        var state: ThreadState {
            ThreadState(rawValue: String(UnicodeScalar(UInt8(bitPattern: kernel.state)))) ?? .unknown
        }
        var channel: String? {
            let text = withUnsafePointer(to: kernel) { String(cString: roost_thread_channel($0)) }
            return text.isEmpty ? nil : text
        }
        /// No signal gets through to it now.
        var isSilent: Bool { state == .uninterruptible || kernel.blocks_profiling != 0 }
        /// It runs, or would if it had a processor, and will let signals through soon.
        var isBusyAndDeaf: Bool { state == .running && kernel.blocks_profiling != 0 }

        mutating func hasEnded() {
            kernel.blocks_profiling = 0
            refusal = "it ended meanwhile"
        }

        var raw: RawStacks.Thread { RawStacks.Thread(id: kernel.thread, name: name, frames: frames, isCut: isCut) }
    }

    // MARK: Asking

    /// Why a thread cannot, or must not, be asked; nil to ask it.
    private func refusal(_ seen: Seen) -> String? {
        switch seen.state {
        case .uninterruptible: return "it waits in the kernel, where no signal gets through"
        case .traced: return "a debugger holds it"
        case .stopped: return "it is stopped"
        case .dead: return "it is over"
        case .running, .sleeping, .unknown: break
        }
        // The caller writes its own stack down.
        guard seen.isCaller || seen.kernel.blocks_profiling == 0 else {
            return "it blocks SIGPROF, by which it would be asked"
        }
        switch options.interrupting {
        case .all: return nil
        case .never: return "no thread was to be interrupted"
        case .onlyRestartable:
            if seen.isCaller || [ROOST_CALL_RUNNING, ROOST_CALL_NONE].contains(Int(seen.kernel.call)) { return nil }
            guard let call = seen.call else { return "it was not interrupted: nobody knows what it waits in" }
            return call.restarts(calls) ? nil : "it was not interrupted: \(call.name) would end early"
        }
    }

    /// A thread may block signals, or wait for a lock of the kernel, for a moment only. Who blocks them and does not wait (one that leaves a
    /// handler of signals) may have lost the processor meanwhile, and has more time: a quarter of what is left.
    private func lookAgain(_ seen: inout [Seen], within left: Int64) {
        let end = roost_time_without_suspend() + min(left / 4, 25_000_000)
        for _ in 0..<3 {
            guard look(&seen, at: \.isSilent) else { return }
        }
        var hasWaited = false
        while roost_time_without_suspend() < end, look(&seen, at: \.isBusyAndDeaf) { hasWaited = true }
        guard hasWaited else { return }
        // Who was to be asked may wait by now where nobody is to be disturbed.
        for index in seen.indices where seen[index].refusal == nil { update(&seen[index]) }
    }

    /// Looks half a millisecond later at those of this kind that cannot be asked. False when there are none.
    private func look(_ seen: inout [Seen], at isMeant: (Seen) -> Bool) -> Bool {
        let silent = seen.indices.filter { seen[$0].refusal != nil && isMeant(seen[$0]) }
        guard !silent.isEmpty else { return false }
        usleep(500)
        for index in silent { update(&seen[index]) }
        return true
    }

    /// What the kernel says of it now.
    private func update(_ seen: inout Seen) {
        var kernel = roost_thread()
        guard roost_thread_read(seen.kernel.thread, &kernel) != 0 else { return seen.hasEnded() }
        seen = Seen(kernel)
        seen.refusal = refusal(seen)
    }

    /// Writes down the stacks; what went wrong with all of them, if so.
    private func ask(_ seen: inout [Seen], _ wait: Int64) -> String? {
        let asked = seen.indices.filter { seen[$0].refusal == nil }
        guard !asked.isEmpty else { return nil }
        guard let survey = roost_survey_make(asked.map { seen[$0].kernel.thread }, UInt32(asked.count)) else {
            for index in asked { seen[index].refusal = "there was no memory for stacks" }
            return "there was no memory for stacks"
        }
        defer { roost_survey_free(survey) }
        let failure = roost_survey_take(survey, max(0, wait))
        guard failure == 0 else {
            let why = "SIGPROF could not be handled: errno \(failure)"
            for index in asked { seen[index].refusal = why }
            return why
        }
        for (number, index) in asked.enumerated() {
            switch Int(roost_survey_answer(survey, UInt32(number))) {
            case ROOST_ANSWER_GIVEN:
                let stack = roost_survey_stack(survey, UInt32(number))
                seen[index].frames = Array(
                    UnsafeBufferPointer(start: roost_stack_frames(stack), count: Int(stack.pointee.count)))
                seen[index].isCut = stack.pointee.is_cut != 0
            case ROOST_ANSWER_GONE: seen[index].hasEnded()
            default: seen[index].refusal = "it did not answer within \(Amount.of(options.wait))"
            }
        }
        return nil
    }

    // MARK: What is told

    private func record(
        _ seen: Seen, stack: CrashThread, _ rows: [Int32: roost_ledger_slot], _ finder: LockFinder
    ) -> ThreadRecord {
        let row = rows[seen.kernel.thread]
        var stack = stack
        stack.isCrashed = false
        let kind = ThreadKind(
            isMain: seen.kernel.thread == getpid(), name: seen.name, owner: row.flatMap(Self.owner),
            stack: stack.frames.map { ThreadKind.StackPart(image: $0.image, symbol: $0.symbol) },
            program: ProcessDoor.program)
        return ThreadRecord(
            id: seen.kernel.thread, name: seen.name, kind: kind, state: seen.isCaller ? .running : seen.state,
            cpuTime: .nanoseconds(seen.kernel.cpu_ns), began: seen.kernel.started, work: row.flatMap(ThreadWork.init),
            wait: wait(seen, finder), stack: stack.frames.isEmpty ? nil : stack,
            stackProblem: stack.frames.isEmpty ? seen.refusal ?? "it has no frames" : nil)
    }

    private static func owner(_ row: roost_ledger_slot) -> ThreadKind.Owner? {
        let name = TerminalText.line(withUnsafePointer(to: row) { String(cString: roost_ledger_owner($0)) })
        switch Int(row.kind) {
        case ROOST_LEDGER_POOL_THREAD: return .pool(name)
        case ROOST_LEDGER_SERIAL_THREAD: return .serial(name)
        default: return nil
        }
    }

    private func wait(_ seen: Seen, _ finder: LockFinder) -> ThreadWait? {
        guard !seen.isCaller, seen.state != .running, seen.call != nil || seen.channel != nil else { return nil }
        let lock = seen.call.flatMap { finder.lock($0, waiter: seen.kernel.thread) }
        return ThreadWait(
            systemCall: seen.call?.name, arguments: TerminalText.line(seen.call?.description(calls) ?? ""),
            channel: seen.channel,
            lock: lock.map { ThreadLock(kind: $0.kind, address: $0.address, holder: $0.holder, holderName: "") },
            joined: seen.call.flatMap { finder.joined($0, waiter: seen.kernel.thread) })
    }

    private func nameHolders(_ records: inout [ThreadRecord], _ all: [roost_thread], _ rows: [Int32: roost_ledger_slot])
    {
        for index in records.indices {
            guard let holder = records[index].wait?.lock?.holder else { continue }
            let known = records.first { $0.id == holder }?.title
            let seen = all.first { $0.thread == holder }.map(Seen.init)
            let work = rows[holder].flatMap(ThreadWork.init).map { "worker '\($0.worker)' on '\(seen?.name ?? "")'" }
            let bare = holder == getpid() ? "the main thread" : "'\(seen?.name ?? "")'"
            records[index].wait?.lock?.holderName = known ?? work ?? bare
        }
    }
}

extension ThreadWork {
    /// Of a row on which a worker runs.
    init?(_ row: roost_ledger_slot) {
        guard row.busy != 0 else { return nil }
        var line: UInt32 = 0
        let file = roost_ledger_place(row.site, &line).map { TerminalText.line(String(cString: $0)) }
        self = withUnsafePointer(to: row) { row in
            ThreadWork(
                worker: TerminalText.line(String(cString: roost_ledger_worker(row))),
                scope: TerminalText.line(String(cString: roost_ledger_scope(row))),
                checkpoint: file.map { "\($0):\(line)" },
                age: .nanoseconds(max(0, roost_time_without_suspend() - row.pointee.began_ns)))
        }
    }
}

extension Duration {
    /// As far as 64 bits reach.
    var nanosecondsClamped: Int64 {
        let (seconds, attoseconds) = components
        let (whole, isTooMuch) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return isTooMuch ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000
    }
}
