import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// Requests to stop beyond the ordinary: past the budget, ignored, stopped and continued.
@Suite struct RequestTests {
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func pastTheBudget(_ signal: Int32) throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("endless.svg")
        let program = try Program(thumbnailer.launch(["--budget", "1", "--in-process"]))
        #expect(program.wait { ProcessTable.hasRead(thumbnailer.pictures + "/endless.svg", by: program.process) })
        let begun = ContinuousClock.now
        program.send(signal)
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(70))
        let time = (program.endedAt ?? .now) - begun
        #expect(time > .milliseconds(800) && time < OddProgram.budget + OddProgram.slack, "\(time)")
        let line = try #require(program.errorText.components(separatedBy: "\n").first { $0.contains("late: ") })
        #expect(line.contains("'thumbnail of endless.svg'") && line.contains("last checkpoint thumbnailer/"), "\(line)")
        #expect(line.contains(/[A-Za-z]+\.swift:[0-9]+/), "\(line)")
        let report = try #require(try thumbnailer.workspace.report())
        #expect(report.ending == .exited(70))
        let late = try #require(report.stragglers.first)
        #expect(report.lateWorkers == ["thumbnail of endless.svg"])
        let place = try #require(late.lastCheckpoint)
        #expect(line.contains("\(place.file):\(place.line)"))
        #expect(thumbnailer.workspace.processesLeft().isEmpty)
        #expect(thumbnailer.workspace.files(below: "out").isEmpty)
    }

    /// Shells and supervisors see what it was.
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func endsByTheSignalThatAsked(_ signal: Int32) throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let program = try Program(
            .thumbnailer(pictures.folder, ["--json"], in: workspace))
        #expect(program.wait { program.outputBytes.count > 0 })
        program.send(signal)
        #expect(program.waitForEnd(within: .seconds(10)) == .signalled(signal))
        let report = try #require(try workspace.report())
        #expect(report.ending == .signalled(signal) && report.stragglers.isEmpty)
        // It still says what it did, and that is what is there.
        let lines = try JSONLines(program.outputText)
        #expect(lines.addsUp && lines.made.count < pictures.thumbnails.count)
    }

    /// A decoder hears nothing of a stop: its process is ended, and nobody is late.
    @Test(arguments: [SIGTERM, SIGINT, SIGHUP]) func aDecoderThatHearsNothingIsEnded(_ signal: Int32) throws {
        let thumbnailer = try Thumbnailer()
        let pictures = try (1...3).map { index in
            try thumbnailer.addEndlessPicture("endless \(index).svg")
            return thumbnailer.pictures + "/endless \(index).svg"
        }
        let program = try Program(thumbnailer.launch(["--jobs", "2", "--decode-time", "600"]))
        // Two of them, whichever: each picture's own worker asks for its decoder.
        #expect(program.wait { pictures.count { ProcessTable.hasRead($0, by: program.process) } == 2 })
        let begun = ContinuousClock.now
        program.send(signal)
        #expect(program.waitForEnd(within: .seconds(20)) == .signalled(signal))
        let time = (program.endedAt ?? .now) - begun
        #expect(time < .milliseconds(2_500), "\(time)")
        let report = try #require(try thumbnailer.workspace.report())
        #expect(report.ending == .signalled(signal) && report.stragglers.isEmpty, "\(program.errorText)")
        #expect(thumbnailer.workspace.processesLeft().isEmpty)
        #expect(thumbnailer.workspace.files(below: "out").isEmpty)
    }

    /// Results are given as they are done: a picture that takes for ever holds none of the others up.
    @Test func aSlowPictureHoldsNobodyUp() throws {
        let thumbnailer = try Thumbnailer()
        try thumbnailer.addEndlessPicture("0 endless.svg")
        for index in 10...59 { try thumbnailer.addPicture("\(index).svg") }
        let program = try Program(thumbnailer.launch(["--jobs", "2", "--json", "--decode-time", "600"]))
        #expect(program.wait { program.outputText.filter { $0 == "\n" }.count == 50 }, "\(program.everything)")
        #expect(ProcessTable.hasRead(thumbnailer.pictures + "/0 endless.svg", by: program.process))
        program.send(SIGTERM)
        #expect(program.waitForEnd() == .signalled(SIGTERM))
        let lines = try JSONLines(program.outputText)
        #expect(lines.addsUp && lines.made.count == 50 && lines.failed.isEmpty)
    }

    /// While nobody reads the results, pictures are made ahead until the walk has to wait with one in its hand: that one counts
    /// as well.
    @Test func whatWasMadeWhileNobodyReadIsCounted() throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let watch = try FolderWatch(try workspace.makeFolder("out/large"))
        var launch = Launch.thumbnailer(pictures.folder, ["--jobs", "2", "--json"], in: workspace)
        launch.output = .smallPipe
        let program = try Program(launch)
        program.readsOutput = false
        // Eight a job wait to be shown, and some more are begun.
        #expect(program.wait(watching: watch) { program.isOutputFull && watch.thumbnails.count >= 17 })
        program.send(SIGTERM)
        program.readsOutput = true
        #expect(program.waitForEnd(watching: watch) == .signalled(SIGTERM))
        watch.read()
        let lines = try JSONLines(program.outputText)
        #expect(lines.addsUp)
        #expect(Set(lines.made.map { ($0 as NSString).lastPathComponent }) == watch.thumbnails)
    }

    @Test func aSecondControlCEndsAtOnce() throws {
        let thumbnailer = try Thumbnailer()
        // One that is soon made, and drawn about.
        try thumbnailer.addPicture("a.svg")
        try thumbnailer.addEndlessPicture("endless.svg")
        let program = try Program(thumbnailer.launch(["--budget", "20", "--in-process"]).inTerminal())
        let before = try #require(program.settingsAtStart)
        #expect(program.wait { ProcessTable.hasRead(thumbnailer.pictures + "/endless.svg", by: program.process) })
        // Once it has drawn, and so knows the settings, so that there is something to restore.
        #expect(program.wait { !program.isCursorShown })
        TerminalSettings.makeRaw(program.terminal)
        program.type("\u{03}")
        let words = "Stopping: waiting for 'thumbnail of endless.svg', "
        #expect(program.wait { program.terminalText.contains(words) }, "\(program.terminalText)")
        #expect(program.wait { program.terminalText.contains("Ctrl-C again ends at once.") })
        let begun = ContinuousClock.now
        program.type("\u{03}")
        #expect(program.waitForEnd(within: .seconds(10)) == .signalled(SIGINT))
        #expect((program.endedAt ?? .now) - begun < .milliseconds(900))
        #expect(program.isCursorShown && program.settings == before)
        #expect(thumbnailer.workspace.processesLeft().isEmpty)
    }

    /// `nohup` and the like: what was ignored at the start stays so.
    @Test(arguments: [("INT", SIGINT), ("HUP", SIGHUP), ("TERM", SIGTERM)])
    func aSignalIgnoredAtTheStartStaysIgnored(_ name: String, _ signal: Int32) throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let folder = try workspace.makeFolder("out/large")
        _ = try pictures.place(allBut: 30, besides: [], in: folder, seed: 5)
        let launch = Launch.thumbnailer(pictures.folder, ["--json"], in: workspace)
        let words = ["-c", "trap '' \(name); exec \"$@\"", "sh", launch.executable] + launch.arguments
        let program = try Program(Launch("/bin/sh", words, in: workspace))
        #expect(program.wait { program.outputBytes.count > 0 })
        let ignored = try #require(ProcessTable.status(of: program.process, "SigIgn").flatMap { UInt64($0, radix: 16) })
        #expect(ignored & 1 << (signal - 1) != 0)
        program.send(signal)
        #expect(program.waitForEnd() == pictures.finished)
        #expect(try JSONLines(program.outputText).made.count == 30)
    }

    /// Ctrl-Z in a shell, `fg`, and on to the end.
    @Test func theStopKeyAndBack() throws {
        let pictures = try PictureSet.shared.get()
        let workspace = try Workspace()
        let command = "'\(Executables.thumbnailer)' '\(pictures.folder)' --output out"
        try expectTheStopKeyToGiveTheTerminalBack(command, drawing: "thumbnails", in: workspace)
    }
}
