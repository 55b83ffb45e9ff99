#if GTK
internal import CGTK

/// GTK's own list of top-level windows, whoever made them.
@MainActor
enum WindowList {
    /// All that were not destroyed, in the order they were made.
    static var all: [UnsafeMutablePointer<GtkWindow>] {
        let list = gtk_window_get_toplevels()
        return (0..<g_list_model_get_n_items(list)).compactMap { index in
            guard let window = g_list_model_get_item(list, index) else { return nil }
            // The list goes on holding it.
            g_object_unref(window)
            return UnsafeMutablePointer(OpaquePointer(window))
        }
    }

    static func title(of window: UnsafeMutablePointer<GtkWindow>) -> String {
        gtk_window_get_title(window).map { String(cString: $0) } ?? ""
    }

    private static var removed: @MainActor @Sendable () -> Void = {}

    private static func listChanged(removed count: guint) {
        if count > 0 { removed() }
    }

    /// Calls `action` within the call that destroys a window, whoever makes it.
    static func onRemoval(_ action: @escaping @MainActor @Sendable () -> Void) {
        removed = action
        if let list = gtk_window_get_toplevels() { watch(list) }
    }

    // Kept here, for version 6.3.1 of the compiler crashes where the cast is applied to the closure itself.
    private nonisolated static let changed: @convention(c) (OpaquePointer, guint, guint, guint, gpointer?) -> Void = {
        _, _, count, _, _ in
        MainActor.assumeIsolated { listChanged(removed: count) }
    }

    private static func watch(_ list: OpaquePointer) {
        g_signal_connect_data(
            UnsafeMutableRawPointer(list), "items-changed",
            // proof: a list calls a handler of "items-changed" with (list, position, removed, added, context).
            unsafeBitCast(changed, to: GCallback.self), nil, nil, GConnectFlags(rawValue: 0))
    }

    /// Closes a dialog as its close button would; one that refuses is at least not seen any more.
    static func dismiss(_ dialog: UnsafeMutablePointer<GtkWindow>) {
        g_object_ref(dialog)
        defer { g_object_unref(dialog) }
        gtk_window_close(dialog)
        let widget = UnsafeMutablePointer<GtkWidget>(OpaquePointer(dialog))
        if gtk_widget_get_visible(widget) != 0 { gtk_widget_set_visible(widget, 0) }
    }
}
#endif
