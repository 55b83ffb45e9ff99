#if Window
import Foundation
import Testing
import WindowTesting

@testable import ProgramTesting

/// The window without a mouse.
@Suite(.serialized, .timeLimit(.minutes(5))) struct WindowKeyTests {
    private let desktop: Desktop
    private let reader: ScreenReader
    private let thumbnailer: Thumbnailer

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
        thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
    }

    private func open() throws -> Program {
        var launch = thumbnailer.launch(["--window"])
        launch.environment.merge(desktop.environment) { $1 }
        let program = try Program(launch)
        // Managed by then, and so the one that keys go to.
        try #require(program.wait(for: .seconds(20)) { desktop.windows.all.contains { $0.process == program.process } })
        try waitForLabel("1 made, ", of: program)
        return program
    }

    private func waitForLabel(_ words: String, of program: Program) throws {
        var labels: [String] = []
        let isSaid = program.wait(for: .seconds(20)) {
            labels = ((try? reader.items(of: program.process)) ?? []).filter { $0.role == "label" }.map(\.name)
            return labels.contains { $0.contains(words) }
        }
        try #require(isSaid, "\(labels) \(program.everything)")
    }

    @Test(arguments: ["w", "q"] as [Character]) func closesWithControlAnd(_ key: Character) throws {
        let program = try open()
        try reader.type(.control, key)
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(0), "\(program.everything)")
    }

    @Test func startsWithItsLetter() throws {
        let program = try open()
        try reader.type(.alt, "s")
        try waitForLabel("0 made, 1 fresh", of: program)
        try reader.type(.control, "q")
        #expect(program.waitForEnd(within: .seconds(10)) == .exited(0), "\(program.everything)")
        #expect(!program.errorText.contains("CRITICAL"), "\(program.errorText)")
    }
}
#endif
