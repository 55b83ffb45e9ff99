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

    /// Calls `action` within the call that destroys a window, whoever makes it.
    static func onRemoval(_ action: @escaping @MainActor () -> Void) {
        guard let list = gtk_window_get_toplevels() else { return }
        // Says: where, how many were removed, how many were added.
        Callback.connect(list, "items-changed") { arguments in
            if arguments.unsigned(1) > 0 { action() }
            return false
        }
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
