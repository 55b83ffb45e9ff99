#if GTK
internal import CGTK
import Roost

/// What a window shows while it closes: who is left, how long it waits at most, and the way out of either.
@MainActor
final class ClosingView {
    let root: Box
    private let who: Label
    private let left: Label
    private let keep: Button
    private let close: Button

    init(
        _ app: GTKApplication, closeNow: @escaping @MainActor () -> Void, keepOpen: @escaping @MainActor () -> Void
    ) {
        who = Label(app).wraps()
        left = Label(app).styled("dim-label")
        keep = Button(app, "_Keep open", keepOpen)
        close = Button(app, "_Close now", closeNow).styled("destructive-action")
        keep.isVisible = false
        let buttons = Box(app, .horizontal, spacing: 12, keep, close)
        gtk_widget_set_halign(buttons.widget, GTK_ALIGN_CENTER)
        gtk_widget_set_margin_top(buttons.widget, 12)
        let title = Label(app, "Shutting down…").styled("title-2")
        root = Box(app, .vertical, spacing: 12, margin: 24, title, who, left, buttons)
        gtk_widget_set_valign(root.widget, GTK_ALIGN_CENTER)
        for label in [title, who, left] {
            gtk_label_set_xalign(label.object, 0.5)
            gtk_label_set_justify(label.object, GTK_JUSTIFY_CENTER)
        }
    }

    var offersKeepOpen: Bool {
        get { keep.isVisible }
        set { keep.isVisible = newValue }
    }

    /// False once the process ends: that has its own clock.
    var offersCloseNow: Bool {
        get { close.isVisible }
        set {
            close.isVisible = newValue
            if !newValue { keep.isVisible = false }
        }
    }

    func update(_ names: [String], timeLeft: Duration?) {
        show(Self.sentence(names), in: who)
        show(timeLeft.map { "This takes at most \($0.wholeSeconds) more." } ?? "", in: left)
    }

    /// A text that is set is laid out anew.
    private func show(_ text: String, in label: Label) {
        if label.text != text { label.text = text }
    }

    /// `Waiting for 'decode', 'write' and 3 more.` Names may hold anything: the view keeps its size.
    static func sentence(_ names: [String]) -> String {
        let named = names.prefix(3).map { PrintableText.short($0, limit: 72) }
        let rest = names.count - named.count
        switch (named.count, rest) {
        case (0, _): return "Nearly done."
        case (1, 0): return "Waiting for \(named[0])."
        case (_, 0): return "Waiting for \(named.dropLast().joined(separator: ", ")) and \(named[named.count - 1])."
        default: return "Waiting for \(named.joined(separator: ", ")) and \(rest) more."
        }
    }
}

extension Duration {
    /// `2 seconds`, rounded up: a countdown that says 0 and goes on is a lie.
    fileprivate var wholeSeconds: String {
        let seconds = components.seconds + (components.attoseconds > 0 ? 1 : 0)
        return seconds == 1 ? "1 second" : "\(seconds) seconds"
    }
}
#endif
