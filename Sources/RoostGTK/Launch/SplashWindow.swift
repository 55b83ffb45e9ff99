#if GTK
internal import CGTK
import Roost

/// What is seen of a program until its main window is there: its name, the stage, and how far it is.
@MainActor
final class SplashWindow {
    private let window: Window
    private let stage: Label
    private let bar: ProgressBar
    private let notices: Label
    private var isShown = false
    private var isClosing = false

    init(_ app: GTKApplication, _ program: String) {
        // As high as what is in it.
        window = Window(app, program, width: 400, height: 1)
        let name = Label(app, PrintableText.short(program, limit: 60)).styled("title-1").ellipsizes().centers()
        stage = Label(app).ellipsizes().centers()
        bar = ProgressBar(app).named("Start of \(PrintableText.short(program, limit: 60))")
        notices = Label(app).styled("dim-label").wraps().centers()
        notices.isVisible = false
        window.show(Box(app, .vertical, spacing: 12, margin: 24, name, stage, bar, notices))
        gtk_window_set_decorated(window.pointer, 0)
        // Closed by somebody, not by the end of the stages: nobody waits for the program any more.
        window.onClosed { [weak self] in
            if self?.isClosing == false { app.shutdown.request(.lastWindow) }
        }
    }

    func show(_ progress: LaunchProgress) {
        let mode = progress.mode == .safe ? "Safe mode: " : ""
        let name = PrintableText.short(progress.stage, limit: 60)
        stage.text = "\(mode)\(name) (\(progress.number) of \(progress.count))"
        bar.fraction = progress.fraction
        // Once: it is not to get the keyboard back at each stage.
        if !isShown { window.present() }
        isShown = true
    }

    func say(_ notices: [String]) { Self.say(notices, in: self.notices) }

    /// The newest; the report has all.
    static func say(_ notices: [String], in label: Label) {
        let text = notices.suffix(3).map { PrintableText.short($0, limit: 200) }.joined(separator: "\n")
        label.text = text
        label.isVisible = !text.isEmpty
    }

    func close() {
        isClosing = true
        window.close()
    }
}
#endif
