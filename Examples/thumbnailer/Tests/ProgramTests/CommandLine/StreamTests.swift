import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// Where it writes to: pipes, narrow terminals, nobody.
@Suite struct StreamTests {
    @Test func nobodyReadsTheLines() throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let program = try Program(
            .thumbnailer(pictures.folder, ["--json"], in: workspace))
        #expect(program.wait { program.outputBytes.count > 0 })
        program.closeOutput()
        // An error, and no death by SIGPIPE.
        #expect(program.waitForEnd(within: .seconds(20)) == .exited(1))
        #expect(try workspace.report()?.cause == "nobody reads the results")
        #expect(workspace.files(below: "out/large").count < pictures.thumbnails.count)
    }

    @Test(arguments: [">&-", "<&- >&-"]) func aClosedOutputIsAFailure(_ closed: String) throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
        for options in [[], ["--json"]] {
            let launch = thumbnailer.launch(options)
            let words = ([launch.executable] + launch.arguments).map { "'\($0)'" }.joined(separator: " ")
            let shell = try Program(Launch("/bin/sh", ["-c", "exec \(words) \(closed)"], in: thumbnailer.workspace))
            #expect(shell.waitForEnd(within: .seconds(10)) == .exited(1))
        }
    }

    @Test func aFullPipeDoesNotHoldTheEnd() throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        var launch = Launch.thumbnailer(
            pictures.folder, ["--jobs", "2", "--json", "--budget", "1"], in: workspace)
        launch.output = .smallPipe
        let program = try Program(launch)
        program.readsOutput = false
        // The pipe takes no more; behind the line that waits for it, eight thumbnails a job wait to be shown.
        #expect(program.wait { program.isOutputFull && workspace.files(below: "out/large").count >= 17 })
        let begun = ContinuousClock.now
        program.send(SIGTERM)
        #expect(program.waitForEnd(within: .seconds(10)) == .signalled(SIGTERM))
        #expect((program.endedAt ?? .now) - begun < .milliseconds(800))
        #expect(try workspace.report()?.stragglers.isEmpty == true, "\(program.errorText)")
        #expect(workspace.processesLeft().isEmpty)
    }

    @Test func aFullPipeForMessagesDoesNotHoldAnything() throws {
        let thumbnailer = try Thumbnailer()
        // Each a line on standard error, more than the pipe takes.
        for index in 1...200 { try thumbnailer.workspace.write("no picture", to: "pictures/broken \(index).png") }
        try thumbnailer.addEndlessPicture("endless.svg")
        var launch = thumbnailer.launch(["--jobs", "2", "--budget", "1", "--in-process"])
        launch.errors = .smallPipe
        let program = try Program(launch)
        program.readsErrors = false
        let endless = thumbnailer.pictures + "/endless.svg"
        #expect(program.wait { ProcessTable.hasRead(endless, by: program.process) })
        let begun = ContinuousClock.now
        program.send(SIGTERM)
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(70))
        #expect((program.endedAt ?? .now) - begun < OddProgram.budget + OddProgram.slack)
        // What could not be said is in the report. (Main, too, waited for its messages to get out.)
        let late = try #require(try thumbnailer.workspace.report()).stragglers.map(\.worker)
        #expect(late.contains("thumbnail of endless.svg"), "\(late)")
    }

    @Test(arguments: [20, 21, 40, 80, 200]) func aLineNeverWraps(columns: Int) throws {
        let text = try progress { $0 = $0.inTerminal(columns: columns) }
        let lines = Self.drawnLines(text)
        #expect(lines.count > 3)
        for line in lines { #expect(line.count < columns, "\(line)") }
        #expect(text.contains("\u{1B}[?25l") && text.contains("\u{1B}[32m") == (columns >= 80))
    }

    @Test func withoutColour() throws {
        let text = try progress {
            $0 = $0.inTerminal()
            $0.environment["NO_COLOR"] = "1"
        }
        #expect(text.contains("[#") && !text.contains("\u{1B}[32m") && text.contains("\u{1B}[?25l"))
    }

    @Test(arguments: ["dumb", ""]) func aTerminalThatCanDoNothing(_ name: String) throws {
        let text = try progress {
            $0 = $0.inTerminal()
            $0.environment["TERM"] = name
        }
        #expect(!text.contains("\u{1B}"))
        #expect(LastLine(in: text) != nil)
    }

    @Test func aPipeGetsNoMovingLine() throws {
        let thumbnailer = try Thumbnailer()
        for index in 1...20 { try thumbnailer.addPicture("\(index).svg") }
        let program = try thumbnailer.run()
        #expect(program.errorText.isEmpty, "\(program.errorText)")
        #expect(!program.everything.contains("\u{1B}") && !program.everything.contains("\r"))
    }

    /// What a run over many pictures draws of which 25 have to be made; some take long enough to be seen.
    private func progress(_ change: (inout Launch) -> Void) throws -> String {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let folder = try workspace.makeFolder("out/large")
        _ = try pictures.place(allBut: 25, besides: [], in: folder, seed: 3)
        var launch = Launch.thumbnailer(pictures.folder, in: workspace)
        change(&launch)
        let program = try Program(launch)
        #expect(program.waitForEnd() == pictures.finished)
        #expect(program.isCursorShown)
        return program.terminalText
    }

    /// The drawings of the progress line, as they are seen.
    private static func drawnLines(_ text: String) -> [String] {
        text.components(separatedBy: "\r").filter { $0.contains("\u{1B}[K") && $0.contains("/") }.map { line in
            let drawn = line.components(separatedBy: "\u{1B}[K")[0]
            return drawn.replacing(/\u{1B}\[[0-9?]*[a-zA-Z]/, with: "")
        }
    }
}
