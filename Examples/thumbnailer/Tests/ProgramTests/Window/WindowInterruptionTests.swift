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

    /// Decoders that hear nothing, and others that take long, each in its process: the window is gone in time, nobody is late, and
    /// nothing is left.
    @Test func closesDuringSlowAndStubbornDecodes() throws {
        let pictures = try WindowPictures.shared.get()
        let desktop = try Desktop()
        let reader = try ScreenReader(desktop)
        var generator = SeededGenerator(Soak.seed, "stubborn decodes")
        var times: [Duration] = []
        for attempt in 1...max(4, Soak.instants / 3) {
            let thumbnailer = try Thumbnailer()
            let isStubborn = attempt % 2 == 0
            for number in 1...3 { try thumbnailer.addEndlessPicture("endless \(number).svg") }
            for slow in isStubborn ? [] : pictures.still + pictures.set.slowPictures {
                let name = "0 \((slow as NSString).lastPathComponent)"
                try FileManager.default.linkItem(atPath: slow, toPath: thumbnailer.pictures + "/" + name)
            }
            let launch = thumbnailer.launch(["--jobs", "2", "--decode-time", "600"])
            let run = try WindowedProgram(launch, in: thumbnailer.workspace, on: desktop, reader)
            let drawn = try FileManager.default.contentsOfDirectory(atPath: thumbnailer.pictures).map {
                thumbnailer.pictures + "/" + $0
            }
            #expect(run.program.wait { run.windows.first != nil && run.isDrawing(drawn) })
            spin(until: .now + .milliseconds(300) * Double.random(in: 0..<1, using: &generator))
            let asked = ContinuousClock.now
            run.close()
            let note: Comment = "ROOST_SEED=\(Soak.seed), attempt \(attempt)"
            #expect(run.program.waitForEnd(within: .seconds(20)) == .exited(0), "\(note): \(run.program.everything)")
            let time = (run.program.endedAt ?? .now) - asked
            times.append(time)
            #expect(time < WindowInterruptedRun.limit, "\(note): \(time)")
            #expect(run.complaint == nil, note)
            let left = run.workspace.processesLeft()
            #expect(left.isEmpty, "\(note): \(left.count) processes are left")
            let report = try #require(try run.workspace.report())
            #expect(report.ending == .exited(0) && report.stragglers.isEmpty, note)
            #expect(
                !run.workspace.files(below: "out").contains { !$0.hasSuffix(".png") || $0.hasPrefix("fail/") }, note)
        }
        times.sort()
        Soak.say(
            "histogram of closes during stubborn decodes: \(times.count); gone after"
                + " \(times[times.count / 2] / .milliseconds(1)) ms (median), \(times[times.count - 1] / .milliseconds(1)) ms at most"
        )
    }

    /// Drawn for minutes in one call of the library, in the window's own process: the budget ends it, and says whom it waited for.
    @Test func aDecodeThatCannotBeInterruptedEndsAtTheBudget() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("endless.svg")
        let desktop = try Desktop()
        let run = try WindowedProgram(
            thumbnailer.launch(["--in-process"]), in: thumbnailer.workspace, on: desktop, ScreenReader(desktop))
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
