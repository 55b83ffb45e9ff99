#if Window
import Roost
import RoostCrash
import RoostGTK

/// From nothing to the window: a splash with the stages, and what there is to say once the window is there.
@MainActor
enum WindowStart {
    static func begin(_ app: GTKApplication, _ arguments: Arguments) throws {
        let scopes = try ThumbnailRun.Scopes(arguments)
        let made = Made()
        let stages =
            StartStages.all(arguments, scopes.decoders, needsCacheFolder: true) + [
                .onMain("main window") { mode in
                    let window = ThumbnailerWindow(app, arguments, scopes, isSafe: mode == .safe)
                    made.window = window
                    window.present()
                }
            ]
        app.start(Launch("Thumbnailer", stages: stages), mode: arguments.safeMode ? .safe : .normal) { report in
            made.window?.say(report)
            made.window = nil
        }
    }

    /// The window, from its stage to the end of the start.
    private final class Made {
        var window: ThumbnailerWindow?
    }
}
#endif
