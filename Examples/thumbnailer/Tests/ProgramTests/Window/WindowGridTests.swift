#if Window
import Foundation
import Testing
import WindowTesting

@testable import ProgramTesting

/// Many pictures in one window.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowGridTests {
    /// The grid makes cells for what is in sight and some rows more, not for each picture.
    @Test func cellsAreFewHoweverManyThePictures() throws {
        let count = 1_000
        let desktop = try Desktop()
        let reader = try ScreenReader(desktop)
        let thumbnailer = try Thumbnailer()
        for number in 1...count { try thumbnailer.addPicture("\(number).svg") }
        var launch = thumbnailer.launch(["--window"])
        launch.environment.merge(desktop.environment) { $1 }
        let program = try Program(launch)
        var items: [ScreenReader.Item] = []
        let isDone = program.wait(for: .seconds(120)) {
            items = (try? reader.items(of: program.process)) ?? []
            return items.contains { $0.name.hasPrefix("\(count) made, ") }
        }
        try #require(isDone, "\(program.everything)")
        let cells = Set(items.map(\.name).filter { $0.hasSuffix(".svg") })
        #expect((20...400).contains(cells.count), "\(cells.count) cells")
        let window = try #require(desktop.windows.all.first { $0.process == program.process })
        desktop.windows.close(window)
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(0), "\(program.everything)")
        #expect(!program.errorText.contains("CRITICAL"), "\(program.errorText)")
    }
}
#endif
