#if GTK
internal import CGTK
import Roost

/// Lines of text, each with a smaller one below it where there is more to say; as many as one likes: a hundred thousand are
/// added and drawn within a second. Each has an ellipsis where the window is too narrow, and is shown in full when the pointer
/// rests on it.
public final class TextList: Widget {
    private let model: OpaquePointer
    private let view: UnsafeMutablePointer<GtkWidget>
    /// Between a line and what is said below it, in the one string that GTK's list keeps; neither holds it.
    private static let separator: Character = "\u{1F}"
    /// Not yet given to GTK.
    private var waiting: [String] = []

    /// Creates an empty list.
    public init(_ app: GTKApplication) {
        model = gtk_string_list_new(nil)
        let factory = gtk_signal_list_item_factory_new()!
        view = gtk_list_view_new(
            gtk_no_selection_new(OpaquePointer(g_object_ref(UnsafeMutableRawPointer(model)))), factory)!
        gtk_list_view_set_show_separators(OpaquePointer(view), 1)
        let scrolled = gtk_scrolled_window_new()!
        gtk_scrolled_window_set_child(OpaquePointer(scrolled), view)
        gtk_scrolled_window_set_policy(OpaquePointer(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC)
        super.init(app, scrolled)
        Callback.connect(factory: factory, "setup") { Self.setUp($0) }
        Callback.connect(factory: factory, "bind") { Self.bind($0) }
    }

    override var spoken: UnsafeMutablePointer<GtkWidget> { view }

    isolated deinit { g_object_unref(UnsafeMutableRawPointer(model)) }

    /// How many lines there are.
    public var count: Int { StringModel.count(model) + waiting.count }

    /// Adds a line below the others, and below it `detail`; each ends at its first NUL, and
    /// after 2,000 characters: GTK lays out all of a line to show the beginning. They are seen once the loop comes to
    /// them, with all that were added meanwhile.
    public func append(_ line: String, detail: String = "") {
        let parts = [line, detail].map { text in
            String(text.prefix(2_000).prefix { $0 != "\0" }.map { $0 == Self.separator ? " " : $0 })
        }
        waiting.append(parts.joined(separator: String(Self.separator)))
        guard waiting.count == 1 else { return }
        // GTK looks through the whole list at each change: line by line, a hundred thousand took minutes.
        let port: TaskPort = .mainActor
        port.post { [weak self] in
            // proof: the port runs its jobs on the main actor.
            MainActor.assumeIsolated { self?.show() }
        }
    }

    /// Gives GTK what waits, as one change.
    private func show() {
        guard !waiting.isEmpty else { return }
        StringModel.append(waiting, to: model)
        waiting = []
    }

    /// Takes all lines away.
    public func removeAll() {
        waiting = []
        StringModel.removeAll(of: model)
    }

    /// As high as its lines, up to so many pixels; more of them scroll.
    public func growsUpTo(height: Int) -> Self {
        gtk_scrolled_window_set_propagate_natural_height(object, 1)
        gtk_scrolled_window_set_max_content_height(object, height.pixels)
        return self
    }

    // MARK: Rows

    private static func setUp(_ item: OpaquePointer) {
        let row = gtk_box_new(GTK_ORIENTATION_VERTICAL, 2)!
        for _ in 0..<2 {
            let label = gtk_label_new(nil)!
            gtk_label_set_xalign(OpaquePointer(label), 0)
            gtk_box_append(UnsafeMutablePointer(OpaquePointer(row)), label)
        }
        guard let line = gtk_widget_get_first_child(row), let detail = gtk_widget_get_last_child(row) else { return }
        gtk_label_set_ellipsize(OpaquePointer(line), PANGO_ELLIPSIZE_MIDDLE)
        gtk_label_set_ellipsize(OpaquePointer(detail), PANGO_ELLIPSIZE_END)
        for name in ["dim-label", "caption"] { gtk_widget_add_css_class(detail, name) }
        gtk_widget_set_margin_top(row, 4)
        gtk_widget_set_margin_bottom(row, 4)
        gtk_widget_set_margin_start(row, 6)
        gtk_widget_set_margin_end(row, 6)
        gtk_list_item_set_child(item, row)
        // A list to read: nothing happens when a line is chosen.
        gtk_list_item_set_activatable(item, 0)
    }

    private static func bind(_ item: OpaquePointer) {
        guard let object = gtk_list_item_get_item(item), let row = gtk_list_item_get_child(item),
            let text = gtk_string_object_get_string(OpaquePointer(object)),
            let line = gtk_widget_get_first_child(row), let detail = gtk_widget_get_last_child(row)
        else { return }
        let parts = String(cString: text).split(separator: separator, omittingEmptySubsequences: false)
        gtk_label_set_text(OpaquePointer(line), String(parts[0]))
        gtk_label_set_text(OpaquePointer(detail), String(parts[1]))
        gtk_widget_set_visible(detail, parts[1].isEmpty ? 0 : 1)
        gtk_widget_set_tooltip_text(row, parts.filter { !$0.isEmpty }.joined(separator: "\n"))
    }
}
#endif
