#if Window
import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// Many pictures in one window.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowGridTests {
    /// The grid makes cells for what is in sight and some rows more, not for each picture.
    @Test func cellsAreFewHoweverManyThePictures() throws {
        let count = 1_000
        let desktop = try Desktop()
        let reader = try ScreenReader(desktop)
        let thumbnailer = try Thumbnailer()
        for number in 1...count { try thumbnailer.addPicture("\(number).svg") }
        let run = try WindowedProgram(
            thumbnailer.launch(["--window"]), in: thumbnailer.workspace, on: desktop, reader)
        try #require(run.waitForLabel("\(count) made, "), "\(run.program.everything)")
        let cells = Set(try reader.items(of: run.program.process).map(\.name).filter { $0.hasSuffix(".svg") })
        #expect((20...400).contains(cells.count), "\(cells.count) cells")
        run.close()
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil)
    }
}
#endif
