#if GTK
internal import CGTK
import Glibc

/// Lines of text, as many as one likes.
public final class TextList: Widget {
    private let model: OpaquePointer
    private let view: UnsafeMutablePointer<GtkWidget>

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
    public var count: Int { Int(g_list_model_get_n_items(model)) }

    /// Adds a line below the others.
    public func append(_ line: String) { gtk_string_list_append(model, line) }

    /// Takes all lines away.
    public func removeAll() { gtk_string_list_splice(model, 0, guint(count), nil) }
}
#endif
