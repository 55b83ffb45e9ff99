import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// What GTK's loop delivers, also from inside itself.
@Suite(.serialized, .timeLimit(.minutes(5))) struct LoopTests {
    private let desktop: Desktop
    private let reader: ScreenReader

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
    }

    @Test func theMainActorPassesTheConformanceSuiteInGTK() throws {
        let run = try WindowedRun("odd-window", ["conformance"], on: desktop, reader)
        #expect(run.program.waitForEnd(within: .seconds(120)) == .exited(0), "\(run.program.everything)")
        #expect(run.program.outputText == "0 failures\n", "\(run.program.everything)")
        #expect(run.complaint == nil, "conformance")
    }

    /// As a modal dialog does it: the inner loop delivers everything, and runs what tasks want from the main actor.
    @Test func aLoopInsideACallbackDeliversEverything() throws {
        let run = try WindowedRun("odd-window", ["nested", "callback"], on: desktop, reader)
        #expect(run.program.waitForEnd(within: .seconds(60)) == .exited(0), "\(run.program.everything)")
        #expect(run.program.outputText.contains("inner loop: sent 10000"), "\(run.program.outputText)")
        #expect(
            run.program.outputText.contains("finished: sent 10000, tasks 10, updates true"), "\(run.program.outputText)"
        )
        #expect(run.complaint == nil, "nested in a callback")
    }

    /// The main actor is busy inside one of its own jobs: others wait for it, deliveries do not, and nothing is lost.
    @Test func aLoopInsideATaskOfTheMainActorDeliversEverything() throws {
        let run = try WindowedRun("odd-window", ["nested", "task"], on: desktop, reader)
        #expect(run.program.waitForEnd(within: .seconds(60)) == .exited(0), "\(run.program.everything)")
        #expect(run.program.outputText.contains("inner loop: sent 10000, tasks 0"), "\(run.program.outputText)")
        #expect(
            run.program.outputText.contains("finished: sent 10000, tasks 10, updates true"), "\(run.program.outputText)"
        )
        #expect(run.complaint == nil, "nested in a task")
    }
}
