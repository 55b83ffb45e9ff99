#if Window
import RoostGTK

/// One line below the window's content, for what somebody may want to know and does not have to: it stays until it is dismissed.
@MainActor
final class NoteBar {
    let root: Box
    private let line: Label
    private let details: Button

    init(_ app: GTKApplication, showDetails: @escaping @MainActor () -> Void) {
        line = Label(app).wraps().expands()
        details = Button(app, "_Details", showDetails).centersVertically()
        root = Box(app, .vertical, spacing: 0, Separator(app))
        let dismiss = Button(app, "D_ismiss") { [weak root] in root?.isVisible = false }.centersVertically()
        root.append(Box(app, .horizontal, spacing: 6, margin: 12, line, details, dismiss))
        root.isVisible = false
    }

    /// Shows it; more than one thing at a time is more than one sentence.
    func say(_ words: String, hasDetails: Bool) {
        line.text = words
        details.isVisible = hasDetails
        root.isVisible = true
    }
}
#endif
