#if GTK
internal import CGTK
import Glibc
import Roost

/// Lines of text, as many as one likes: a hundred thousand are added and drawn within a second. Each is one row, with an
/// ellipsis where the window is too narrow, and shown in full when the pointer rests on it.
public final class TextList: Widget {
    private let model: OpaquePointer
    private let view: UnsafeMutablePointer<GtkWidget>
    /// Not yet given to GTK.
    private var waiting: [String] = []

    /// Creates an empty list.
    public init(_ app: GTKApplication) {
        model = gtk_string_list_new(nil)
        let factory = gtk_signal_list_item_factory_new()!
        view = gtk_list_view_new(
            gtk_no_selection_new(OpaquePointer(g_object_ref(UnsafeMutableRawPointer(model)))), factory)!
        let scrolled = gtk_scrolled_window_new()!
        gtk_scrolled_window_set_child(OpaquePointer(scrolled), view)
        super.init(app, scrolled)
        let setUp: @convention(c) (OpaquePointer, OpaquePointer, UnsafeMutableRawPointer?) -> Void = { _, item, _ in
            let label = gtk_label_new(nil)!
            gtk_label_set_xalign(OpaquePointer(label), 0)
            gtk_label_set_ellipsize(OpaquePointer(label), PANGO_ELLIPSIZE_MIDDLE)
            gtk_list_item_set_child(item, label)
        }
        let bind: @convention(c) (OpaquePointer, OpaquePointer, UnsafeMutableRawPointer?) -> Void = { _, item, _ in
            guard let object = gtk_list_item_get_item(item), let label = gtk_list_item_get_child(item) else { return }
            let text = gtk_string_object_get_string(OpaquePointer(object))
            gtk_label_set_text(OpaquePointer(label), text)
            gtk_widget_set_tooltip_text(label, text)
        }
        for (signal, call) in [("setup", setUp), ("bind", bind)] {
            g_signal_connect_data(
                UnsafeMutableRawPointer(factory), signal,
                // proof: GTK calls a handler of the factory's signals with (factory, list item, context).
                unsafeBitCast(call, to: GCallback.self), nil, nil, GConnectFlags(rawValue: 0))
        }
    }

    override var spoken: UnsafeMutablePointer<GtkWidget> { view }

    isolated deinit { g_object_unref(UnsafeMutableRawPointer(model)) }

    /// How many lines there are.
    public var count: Int { Int(g_list_model_get_n_items(model)) + waiting.count }

    /// Adds a line below the others; it ends at the first NUL. It is seen once the loop comes to it, with all that were added
    /// meanwhile.
    public func append(_ line: String) {
        waiting.append(line)
        guard waiting.count == 1 else { return }
        // GTK looks through the whole list at each change: line by line, a hundred thousand took minutes.
        let port: TaskPort = .mainActor
        port.post { [weak self] in
            // The port runs its jobs on the main actor.
            MainActor.assumeIsolated { self?.show() }
        }
    }

    /// Gives GTK what waits, as one change.
    private func show() {
        guard !waiting.isEmpty else { return }
        var lines = waiting.map { strdup($0).map { UnsafePointer($0) } }
        defer { for line in lines { free(UnsafeMutablePointer(mutating: line)) } }
        lines.append(nil)
        waiting = []
        lines.withUnsafeBufferPointer {
            gtk_string_list_splice(model, g_list_model_get_n_items(model), 0, $0.baseAddress)
        }
    }

    /// Takes all lines away.
    public func removeAll() {
        waiting = []
        gtk_string_list_splice(model, 0, g_list_model_get_n_items(model), nil)
    }
}
#endif
