import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// The stages of the start in a terminal, and what a start knows of the run before.
@Suite struct StartTests {
    private let thumbnailer: Thumbnailer

    init() throws {
        thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
    }

    @Test func aStartThatGoesWellSaysNothing() throws {
        for _ in 1...2 {
            let program = try thumbnailer.run("--terminal")
            #expect(program.ending == .exited(0) && program.errorText.isEmpty, "\(program.everything)")
        }
        // The user's own folder in memory is left alone.
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: thumbnailer.workspace.session).contains(
                "roost-thumbnailer"))
    }

    @Test func aWrongNameListsTheStages() throws {
        let program = try thumbnailer.run("--fail-stage", "decoder")
        #expect(program.ending == .exited(2))
        let stages = "'cache folder', 'decoder check', 'process pool'"
        #expect(program.errorText == "thumbnailer: --fail-stage is one of \(stages), not 'decoder'\n")
    }

    @Test(arguments: ["cache folder", "decoder check", "process pool"])
    func whereNobodyCanBeAskedTheRunGoesOnWithANotice(_ stage: String) throws {
        let program = try thumbnailer.run("--fail-stage", stage)
        #expect(program.ending == .exited(0))
        #expect(program.errorText == "thumbnailer: '\(stage)' was skipped: it was told to (--fail-stage)\n")
        #expect(program.outputText.hasPrefix("1 made, "))
    }

    @Test func whereSomebodyCanBeAskedTheyAre() throws {
        func start(typing answer: String) throws -> Program {
            let program = try Program(thumbnailer.launch(["--fail-stage", "cache folder"]).inTerminal(columns: 200))
            #expect(program.wait { program.terminalText.contains("then Enter.") }, "\(program.terminalText)")
            #expect(program.terminalText.contains("'cache folder' failed: it was told to (--fail-stage)"))
            program.type(answer + "\n")
            #expect(program.waitForEnd(within: .seconds(20)) != nil, "\(program.terminalText)")
            return program
        }
        #expect(try start(typing: "q").ending == .exited(75))
        #expect(thumbnailer.workspace.files(below: "out").isEmpty)
        let safe = try start(typing: "s")
        #expect(safe.ending == .exited(0) && safe.terminalText.contains("1 made, "), "\(safe.terminalText)")
    }

    /// The line comes once: the run that says it ended well itself.
    @Test func afterACrashTheNextStartSaysSo() throws {
        let crash = try thumbnailer.run("--fail-stage", "decoder check=crash")
        #expect(crash.ending == .signalled(SIGILL), "\(crash.everything)")
        let next = try thumbnailer.run()
        #expect(next.errorText == "thumbnailer: The last run crashed while it was starting, in 'decoder check'.\n")
        #expect(next.ending == .exited(0) && next.outputText.hasPrefix("1 made, "))
        #expect(try thumbnailer.run().errorText.isEmpty)
    }

    @Test func afterThreeOfThemItStartsInSafeMode() throws {
        for stage in ["decoder check", "decoder check", "process pool"] {
            let crash = try thumbnailer.run("--fail-stage", stage + "=crash")
            #expect(crash.ending == .signalled(SIGILL), "\(crash.everything)")
        }
        let next = try thumbnailer.run()
        #expect(next.errorText.contains("The last 3 starts crashed."), "\(next.errorText)")
        #expect(next.errorText.contains("There is nobody to ask: it starts in safe mode."), "\(next.errorText)")
        #expect(next.ending == .exited(0) && next.outputText.hasPrefix("1 made, "))
    }
}
