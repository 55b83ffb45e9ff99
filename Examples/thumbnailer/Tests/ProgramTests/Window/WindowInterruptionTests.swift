#if Window
import Foundation
import Glibc
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// The window may be closed whenever its user likes: it is gone in time, with status 0, and leaves nothing half-done.
///
/// `ROOST_INSTANTS` and `ROOST_SEED` as in the interruption tests.
@Suite(.serialized) struct WindowInterruptionTests {
    @Test(arguments: WindowRequest.allCases)
    func closesAtEveryInstant(_ request: WindowRequest) throws {
        let pictures = try WindowPictures.shared.get()
        let desktop = try Desktop()
        let reader = try ScreenReader(desktop)
        let clock = WindowClock()
        var counts: [WindowPhase: Int] = [:]
        var times: [Duration] = []
        let share = max(1, Soak.instants / WindowPhase.allCases.count)
        for phase in WindowPhase.allCases {
            var attempt = 0
            // What was aimed at one phase and hit another counts there and is aimed again.
            while counts[phase, default: 0] < share, attempt < share * 4 {
                attempt += 1
                let plan = WindowPlan(
                    seed: Soak.seed, request, phase, attempt: attempt, isSoak: Soak.isSoak,
                    total: pictures.set.thumbnails.count)
                let run = try WindowInterruptedRun(plan, pictures, clock, on: desktop, reader)
                try run.check()
                if let hit = run.phase { counts[hit, default: 0] += 1 }
                if let time = run.stopTime { times.append(time) }
            }
            #expect(counts[phase, default: 0] >= share * 3 / 4, "\(phase.rawValue): too few instants were hit")
        }
        let phases = WindowPhase.allCases.map { "\($0.rawValue) \(counts[$0, default: 0])" }.joined(separator: ", ")
        times.sort()
        try #require(!times.isEmpty)
        Soak.say(
            "histogram of closes, \(request.rawValue): \(phases); gone after \(times[times.count / 2] / .milliseconds(1)) ms"
                + " (median), \(times[times.count - 1] / .milliseconds(1)) ms at most")
    }

    /// Drawn for minutes in one call of the library: the budget ends it, and says whom it waited for.
    @Test func aDecodeThatCannotBeInterruptedEndsAtTheBudget() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("endless.svg")
        let desktop = try Desktop()
        let run = try WindowedProgram(
            thumbnailer.launch([]), in: thumbnailer.workspace, on: desktop, ScreenReader(desktop))
        let picture = thumbnailer.pictures + "/endless.svg"
        #expect(run.program.wait { run.windows.first != nil && run.isDrawing([picture]) })
        let asked = ContinuousClock.now
        run.close()
        #expect(run.waitForLabel("Waiting for 'thumbnail of endless.svg'."), "\(run.labels)")
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(70), "\(run.program.everything)")
        let time = (run.program.endedAt ?? .now) - asked
        #expect(time > .milliseconds(1_900) && time < .milliseconds(2_500), "\(time)")
        #expect(run.complaint == nil, "endless")
        #expect(run.program.errorText.contains("thumbnail of endless.svg"), "\(run.program.errorText)")
        let report = try #require(try run.workspace.report())
        #expect(report.lateWorkers == ["thumbnail of endless.svg"] && report.ending == .exited(70))
        #expect(run.workspace.files(below: "out").isEmpty)
    }
}
#endif
