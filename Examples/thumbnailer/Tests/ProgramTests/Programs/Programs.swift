import Foundation

@testable import ProgramTesting

extension Executables {
    static var thumbnailer: String { path("thumbnailer") }
    static var odd: String { path("odd-program") }

    /// The package of the thumbnailer, with its scripts.
    static let package = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().path
}

extension Launch {
    /// The thumbnailer over a folder, with the workspace's `out` for its thumbnails.
    static func thumbnailer(_ folder: String, _ options: [String] = [], in workspace: Workspace) -> Launch {
        Launch(Executables.thumbnailer, [folder, "--output", workspace.path("out")] + options, in: workspace)
    }
}
