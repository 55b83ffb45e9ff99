#if Window
import Foundation

@testable import ProgramTesting
@testable import WindowTesting

/// The thumbnailer in its window on a desktop.
extension WindowedProgram {
    /// How many thumbnails there are on the disk.
    var pictureCount: Int { workspace.files(below: "out/large").count }

    /// True while a file of these is being decoded that has been read to its end.
    func isDrawing(_ paths: [String]) -> Bool {
        let folder = "/proc/\(program.process)/fd/"
        for descriptor in (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [] {
            let about = "/proc/\(program.process)/fdinfo/\(descriptor)"
            guard let path = try? FileManager.default.destinationOfSymbolicLink(atPath: folder + descriptor),
                paths.contains(path), let facts = try? String(contentsOfFile: about, encoding: .utf8),
                let size = try? FileManager.default.attributesOfItem(atPath: path)[.size] as? Int
            else { continue }
            // Its first line.
            if facts.hasPrefix("pos:\t\(size)\n") { return true }
        }
        return false
    }
}
#endif
