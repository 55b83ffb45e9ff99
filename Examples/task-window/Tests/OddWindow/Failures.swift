import Roost
import RoostGTK

/// What throws where nobody catches.
@MainActor
enum Failures {
    private struct Broken: Error, CustomStringConvertible {
        var description: String { "it is broken" }
    }

    /// `throws button|body`
    nonisolated static func run(_ arguments: [String]) -> Never {
        GTKApplication.run("odd-window") { app in
            let window = Window(app, "Throws")
            let scope = WorkerScope("throws")
            window.closes(scope)
            window.show(Button(app, "Break") { throw Broken() })
            window.present()
            if arguments.contains("body") { throw Broken() }
        }
    }
}
