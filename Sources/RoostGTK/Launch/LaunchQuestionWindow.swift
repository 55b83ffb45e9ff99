#if GTK
internal import CGTK
import Roost

/// A start that cannot go on by itself: the reason, and a button for each answer. Closing it, also with Escape, means *Quit*.
@MainActor
final class LaunchQuestionWindow {
    private let window: Window

    init(
        _ app: GTKApplication, _ question: LaunchQuestion, notices: [String],
        _ answer: @escaping @MainActor (LaunchAnswer) -> Void
    ) {
        window = Window(app, question.title, width: 460, height: 1)
        let title = Label(app, question.title).styled("title-2").wraps()
        // What failed may say a lot: of a very long line GTK would make a very high window.
        let text = Label(app, question.text).wraps()
        let before = Label(app).styled("dim-label").wraps()
        SplashWindow.say(notices, in: before)
        let buttons = Box(app, .horizontal, spacing: 12)
        gtk_widget_set_halign(buttons.widget, GTK_ALIGN_END)
        gtk_widget_set_margin_top(buttons.widget, 12)
        window.show(Box(app, .vertical, spacing: 12, margin: 24, title, text, before, buttons))
        for (index, each) in question.answers.enumerated() {
            let button = Button(app, Self.label(each)) { answer(each) }
            buttons.append(button)
            guard index == 0 else { continue }
            // The most sensible one is what Enter does.
            gtk_window_set_focus(window.pointer, button.styled("suggested-action").widget)
        }
        WindowKeys.closeWithEscape(window.pointer)
        window.onClosed { answer(.quit) }
        window.present()
    }

    func close() { window.close() }

    /// With the letter that presses it together with Alt.
    private static func label(_ answer: LaunchAnswer) -> String {
        switch answer {
        case .tryAgain: "_Try again"
        case .safeMode: "_Safe mode"
        case .startNormally: "Start _normally"
        case .quit: "_Quit"
        }
    }
}
#endif
