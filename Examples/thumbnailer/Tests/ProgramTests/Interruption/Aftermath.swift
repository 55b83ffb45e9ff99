import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// What has to hold after an interrupted run, and the run after it.
struct Aftermath {
    let run: InterruptedRun

    private var plan: InterruptionPlan { run.plan }
    private var program: Program { run.program }
    private var note: Comment { "\(plan): \(program.ending.map { "\($0)" } ?? "still running")" }

    func check() throws {
        let left = run.workspace.processesLeft()
        #expect(left.isEmpty, "\(plan): \(left.count) processes are left")
        guard let ending = program.ending else {
            Issue.record("\(plan): still running \(InterruptedRun.budget) after the request\n\(program.everything)")
            return
        }
        #expect(allowed.contains(ending), note)
        if ending != .signalled(SIGKILL), !endedBeforeHandlers {
            #expect(run.isTerminalRestored, "\(note), terminal not restored: \(program.terminalText.suffix(200))")
        }
        try checkWords(ending)
        let remains = Remains(workspace: run.workspace, pictures: run.pictures, process: program.process, note: note)
        remains.check(mayBeCutOff: isForced(ending))
        try remains.resume(whole: plan.resumesWhole, seed: plan.seed)
    }

    /// An end in the first instants is the system's doing; nothing was changed by then, so nothing is asked for. What the
    /// terminal echoes of a Ctrl-C is not the program's.
    private var endedBeforeHandlers: Bool { program.terminalText.replacing("^C", with: "").isEmpty }

    // MARK: Status

    private var allowed: Set<Program.Ending> {
        var allowed: Set<Program.Ending> = []
        if run.phase != nil { allowed.insert(.signalled(plan.interruption.signal)) }
        if plan.phase == .shuttingDown, run.phase == .shuttingDown || run.phase == nil {
            // The first request stays, but for what forces.
            switch plan.interruption {
            case .terminate: allowed = [.signalled(SIGTERM)]
            case .hangUpSignal, .hangUp: allowed = run.wasFirstPending ? allowed : []
            case .interrupt, .interruptTwice, .kill: break
            }
            allowed.insert(.signalled(SIGTERM))
        }
        if run.hasFinished { allowed.insert(run.pictures.finished) }
        return allowed
    }

    // MARK: Words

    /// What it said is true: of the lines, of the last line, of the report.
    private func checkWords(_ ending: Program.Ending) throws {
        let found = run.found.subtracting(run.there)
        if plan.isJSON {
            let lines = try JSONLines(program.outputText)
            let made = Set(lines.made.map { ($0 as NSString).lastPathComponent })
            #expect(made.isSubset(of: found), note)
            #expect(lines.rest.isEmpty || isForced(ending), "\(note): a line is cut off: \(lines.rest)")
            // However it ended: once it has counted, the count is what is there.
            if lines.last != nil { #expect(lines.addsUp && made == found, note) }
            if isOrderly(ending) { #expect(lines.last != nil, note) }
        } else if let last = LastLine(in: program.terminalText) {
            #expect(last.made == found.count, note)
        } else if plan.interruption != .hangUp {
            #expect(!isOrderly(ending), "\(note), no last line: \(program.terminalText.suffix(200))")
        }
        guard let report = try report(ending) else { return }
        #expect(report.process == program.process)
        #expect(report.stragglers.isEmpty && report.ending == ending || isForced(ending), note)
    }

    /// The report, which is there after every orderly end; one that was cut off by a kill counts as none.
    private func report(_ ending: Program.Ending) throws -> ShutdownFacts? {
        do {
            let report = try run.workspace.report()
            if isOrderly(ending) { #expect(report != nil, "\(note): there is no report") }
            return report
        } catch {
            #expect(isForced(ending), "\(note): the report cannot be read: \(error)")
            return nil
        }
    }

    /// The program came to an end of its own making, by itself or because it was asked.
    private func isOrderly(_ ending: Program.Ending) -> Bool {
        if case .exited = ending { return true }
        return !isForced(ending) && !endedBeforeHandlers
    }

    /// Nothing is asked of a program that was killed, or interrupted when it was ending already: by an interrupt or a signal
    /// before, or because all was made.
    private func isForced(_ ending: Program.Ending) -> Bool {
        guard ending == .signalled(SIGINT) else { return ending == .signalled(SIGKILL) }
        switch plan.interruption {
        case .interruptTwice: return true
        case .interrupt: return plan.phase == .shuttingDown || run.found.count == run.pictures.thumbnails.count
        case .terminate, .hangUpSignal, .hangUp, .kill: return false
        }
    }
}

/// `312 made, 4 fresh, 3 failed in 4.2 s (75/s)`
struct LastLine {
    let made: Int
    let fresh: Int
    let failed: Int

    init?(in text: String) {
        // A terminal ends its lines with both, which are one character to a pattern.
        let text = text.replacing("\r\n", with: "\n")
        let pattern = /([0-9]+) made, ([0-9]+) fresh, ([0-9]+) failed in [0-9]+\.[0-9] s \([0-9]+\/s\)\n/
        guard let match = text.matches(of: pattern).last, let made = Int(match.1), let fresh = Int(match.2),
            let failed = Int(match.3)
        else { return nil }
        (self.made, self.fresh, self.failed) = (made, fresh, failed)
    }
}
