#if Window
import Foundation
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// The window without a mouse.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowKeyTests {
    private let screen: WindowedThumbnailer

    init() throws { screen = try WindowedThumbnailer() }

    private func open() throws -> WindowedProgram {
        let run = try screen.open()
        // Managed by then, and so the one that keys go to.
        try #require(run.program.wait(for: .seconds(20)) { !run.windows.isEmpty })
        try #require(run.waitForLabel("1 made, "), "\(run.program.everything)")
        return run
    }

    @Test(arguments: ["w", "q"] as [Character]) func closesWithControlAnd(_ key: Character) throws {
        let run = try open()
        try screen.reader.type(.control, key)
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
    }

    @Test func startsWithItsLetter() throws {
        let run = try open()
        try screen.reader.type(.alt, "s")
        try #require(run.waitForLabel("0 made, 1 fresh"))
        try screen.reader.type(.control, "q")
        #expect(run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)")
        #expect(run.complaint == nil)
    }
}
#endif
