import Foundation
import Glibc
import Testing

@testable import ProgramTesting

/// A thumbnailer in a workspace of its own, over a few small pictures.
struct Thumbnailer {
    let workspace: Workspace

    init() throws {
        workspace = try Workspace()
        try workspace.makeFolder("pictures")
    }

    var pictures: String { workspace.path("pictures") }

    /// An SVG takes no library to write.
    @discardableResult
    func addPicture(_ name: String, width: Int = 40, inside: String = "") throws -> String {
        try workspace.write(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="\(width)" height="30"><rect width="\(width)" height="30" \
            fill="teal"/>\(inside)</svg>
            """, to: "pictures/" + name)
    }

    /// One that is drawn for minutes, in one call of the library that nothing can interrupt.
    func addEndlessPicture(_ name: String) throws {
        let shape = #"<rect width="1000" height="1000" filter="url(#f)"/>"#
        let filter = #"<feTurbulence type="turbulence" baseFrequency="0.05" numOctaves="9"/>"#
        try workspace.write(
            """
            <svg xmlns="http://www.w3.org/2000/svg" width="1000" height="1000"><defs><filter id="f" x="0" y="0" \
            width="1" height="1">\(filter)</filter></defs>\(String(repeating: shape, count: 8_000))</svg>
            """, to: "pictures/" + name)
    }

    /// How to start it, over its pictures unless told otherwise.
    func launch(_ options: [String], folder: String? = nil) -> Launch {
        .thumbnailer(folder ?? pictures, options, in: workspace)
    }

    /// Runs it to its end.
    func run(_ launch: Launch, limit: Duration = .seconds(60)) throws -> Program {
        let program = try Program(launch)
        #expect(program.waitForEnd(within: limit) != nil, "still running: \(program.everything)")
        return program
    }

    func run(_ options: String...) throws -> Program {
        try run(launch(options))
    }

    /// Its own words alone, whatever the arguments.
    func runAlone(_ arguments: [String]) throws -> Program {
        try run(Launch(Executables.thumbnailer, arguments, in: workspace))
    }
}

/// Whether the tests run as root, who may do what others may not.
var isRoot: Bool { geteuid() == 0 }
