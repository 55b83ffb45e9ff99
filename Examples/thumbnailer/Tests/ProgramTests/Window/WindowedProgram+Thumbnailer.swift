#if Window
@testable import ProgramTesting
@testable import WindowTesting

/// The thumbnailer in its window on a desktop.
extension WindowedProgram {
    /// How many thumbnails there are on the disk.
    var pictureCount: Int { workspace.files(below: "out/large").count }

    /// True while a file of these is being decoded that has been read to its end.
    func isDrawing(_ paths: [String]) -> Bool {
        paths.contains { ProcessTable.hasRead($0, by: program.process) }
    }
}
#endif
