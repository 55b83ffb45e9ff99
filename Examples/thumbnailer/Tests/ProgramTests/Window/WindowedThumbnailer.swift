#if Window
import Testing

@testable import ProgramTesting
@testable import WindowTesting

/// A thumbnailer with one picture, and the desktop on which it opens its window.
struct WindowedThumbnailer {
    let thumbnailer: Thumbnailer
    let reader: ScreenReader
    private let desktop: Desktop

    init() throws {
        desktop = try Desktop()
        reader = try ScreenReader(desktop)
        thumbnailer = try Thumbnailer()
        try thumbnailer.addPicture("one.svg")
    }

    func open(_ options: String...) throws -> WindowedProgram {
        try WindowedProgram(
            thumbnailer.launch(["--window"] + options), in: thumbnailer.workspace, on: desktop, reader)
    }

    /// Closes the window, and expects a program that ends well.
    func end(_ run: WindowedProgram, sourceLocation: SourceLocation = #_sourceLocation) {
        run.close()
        #expect(
            run.program.waitForEnd(within: .seconds(10)) == .exited(0), "\(run.program.everything)",
            sourceLocation: sourceLocation)
        #expect(run.complaint == nil, "\(run.program.errorText)", sourceLocation: sourceLocation)
        #expect(run.workspace.processesLeft().isEmpty, sourceLocation: sourceLocation)
    }
}
#endif
