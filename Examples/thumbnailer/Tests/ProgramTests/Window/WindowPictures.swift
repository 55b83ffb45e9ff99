#if Window
import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// The shared pictures, and some more that are each drawn in one call of the library, which nothing interrupts: while one is
/// drawn, a window that was asked to close says that it shuts down.
final class WindowPictures: Sendable {
    static let shared = Result { try WindowPictures() }

    let set: PictureSet
    /// The paths of those that are drawn in one call, and the file names of their thumbnails.
    let still: [String]
    let stillThumbnails: Set<String>

    /// How long one of them takes: longer than the window waits before it shows the view, shorter than its budget.
    private static let drawingTime = Duration.milliseconds(400)

    private init() throws {
        let shared = try PictureSet.makePictures()
        // Beside them, for hard links; the next test process removes those of gone ones.
        let folder = (shared as NSString).deletingLastPathComponent + "/window.\(getpid())"
        let workspace = try Workspace()
        let copy = try Program(Launch("/bin/cp", ["-al", "--", shared, folder], in: workspace))
        #expect(copy.waitForEnd() == .exited(0), "\(copy.errorText)")
        let picture = try Self.picture(drawnIn: Self.drawingTime)
        try FileManager.default.createDirectory(atPath: folder + "/still", withIntermediateDirectories: true)
        still = (1...4).map { "\(folder)/still/still \($0).svg" }
        for path in still { try Data(picture.utf8).write(to: URL(fileURLWithPath: path)) }
        set = try PictureSet(folder: folder)
        let some = try Program(.thumbnailer(folder + "/still", ["--json"], in: workspace))
        #expect(some.waitForEnd() == .exited(0), "\(some.everything)")
        stillThumbnails = Set(try JSONLines(some.outputText).made.map { ($0 as NSString).lastPathComponent })
        try #require(stillThumbnails.count == still.count && stillThumbnails.isSubset(of: set.thumbnails.keys))
    }

    /// An SVG that this machine draws in this time.
    static func picture(drawnIn time: Duration) throws -> String { picture(try shapes(drawnIn: time)) }

    private static func shapes(drawnIn time: Duration) throws -> Int {
        func measure(_ count: Int) throws -> Duration {
            let workspace = try Workspace()
            try workspace.makeFolder("pictures")
            try workspace.write(picture(count), to: "pictures/trial.svg")
            let program = try Program(.thumbnailer(workspace.path("pictures"), ["--json"], in: workspace))
            #expect(program.waitForEnd() == .exited(0), "\(program.everything)")
            return (program.endedAt ?? .now) - program.startedAt
        }
        let count = 100
        let each = (try measure(count) - measure(1)) / (count - 1)
        return max(10, Int(time / each))
    }

    private static func picture(_ shapes: Int) -> String {
        let shape = #"<rect width="200" height="200" filter="url(#f)"/>"#
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="200" height="200"><defs><filter id="f" x="0" y="0" width="1" \
            height="1"><feTurbulence type="turbulence" baseFrequency="0.05" numOctaves="3"/></filter></defs>\
            \(String(repeating: shape, count: shapes))</svg>
            """
    }
}
#endif
