import CRoostLedger
import Glibc
import RoostTesting
import Testing

@testable import Roost

/// What a start leaves while it goes on: in its journal, in the ledger, on the splash.
@MainActor
@Suite(.serialized) struct LaunchJournalTests {
    @Test func aStageIsInTheJournalBeforeItsBodyBegins() async throws {
        try await withDeadline { @MainActor in
            let gate = Gate()
            let hasBegun = Gate()
            let journal = MemoryJournal(heldBy: gate)
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch(
                    [
                        .onMain("a") { hasBegun.open() },
                        .required("b", within: .seconds(60)) { [entries = journal.entries] _ in
                            #expect(entries.all.last == "enter b")
                        },
                    ], presenter, journal: journal, time: ManualClock())
            }
            await journal.isWriting.passed()
            for _ in 0..<10 { await Task.yield() }
            #expect(!hasBegun.isOpen)
            gate.open()
            let result = await report.value
            #expect(result.outcome == .launched)
            #expect(
                journal.entries.all
                    == ["enter a", "leave a done", "enter b", "leave b done", "launched normal"])
            #expect(!journal.wroteOnMainThread.withLock { $0 })
        }
    }

    @Test func aJournalThatHangsHoldsTheStartUpOnceAndNotForEver() async throws {
        try await withDeadline { @MainActor in
            let clock = ManualClock()
            let gate = Gate()
            let journal = MemoryJournal(heldBy: gate)
            let presenter = ScriptedPresenter()
            let report = Task {
                await runLaunch([.onMain("a") {}, .onMain("b") {}], presenter, journal: journal, time: clock)
            }
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(2))
            let result = await report.value
            #expect(result.outcome == .launched)
            #expect(result.notices.count == 1)
            #expect(result.notices.first?.hasPrefix("The journal of the start did not answer within 2 s") == true)
            gate.open()
            try await eventually { journal.entries.count == 5 }
        }
    }

    @Test func aStageStandsInTheLedgerWhileItIsOpen() async throws {
        try await withDeadline { @MainActor in
            let names = ["ledger test \(getpid()) worker", "ledger test \(getpid()) main"]
            let seen = Log<[String]>()
            let report = await runLaunch(
                [
                    .optional(names[0], within: .seconds(60)) { _ in
                        seen.add(openStages().filter { names.contains($0) })
                        throw TestFailure()
                    },
                    .onMain(names[1]) { seen.add(openStages().filter { names.contains($0) }) },
                ], ScriptedPresenter())
            #expect(report.outcome == .launched)
            #expect(seen.all == [[names[0]], [names[1]]])
            #expect(openStages().filter { names.contains($0) } == [])
        }
    }

    @Test func aPartOfAStageMovesTheSplash() async throws {
        try await withDeadline { @MainActor in
            let presenter = PartPresenter()
            let report = await Launch(
                "test",
                stages: [
                    .required("a", within: .seconds(60)) { [isShown = presenter.isShown] stage in
                        stage.report(1, of: 2)
                        isShown.wait()
                    },
                    .onMain("b") {},
                ]
            ).run(presenter, shutdown: Shutdown(root: WorkRoot()))
            #expect(report.outcome == .launched)
            #expect(presenter.fractions == [0, 0.25, 0.5])
        }
    }
}

/// The names of the stages that the ledger shows as open. Read as another process does: stages of other tests come and go meanwhile.
private func openStages() -> [String] {
    let memory = open("/proc/self/mem", O_RDONLY)
    defer { close(memory) }
    return (0..<UInt32(ROOST_LEDGER_STAGES)).compactMap { index in
        var stage = roost_ledger_stage()
        let size = MemoryLayout<roost_ledger_stage>.size
        let place = Int(bitPattern: roost_ledger_stage_at(roost_ledger_table(), index))
        guard pread(memory, &stage, size, place) == size, stage.open == 1 else { return nil }
        return String(cString: roost_ledger_stage_name(&stage))
    }
}

/// Keeps the fractions that the splash was shown with.
@MainActor
private final class PartPresenter: LaunchPresenter {
    var fractions: [Double] = []
    let isShown = Gate()

    func show(_ progress: LaunchProgress) {
        fractions.append(progress.fraction)
        if progress.part > 0 { isShown.open() }
    }
    func notice(_ text: String) {}
    func ask(_ question: LaunchQuestion) async -> LaunchAnswer { .quit }
    func closeSplash() {}
}
