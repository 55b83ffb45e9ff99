#if GTK
internal import CGTK

/// The keys that every window has: Ctrl+W closes it, Ctrl+Q all windows of the program; both ask, as the close button does.
@MainActor
enum WindowKeys {
    static func add(to window: UnsafeMutablePointer<GtkWindow>) {
        let keys = gtk_shortcut_controller_new()!
        add("w", gtk_named_action_new("window.close"), to: keys)
        let closeAll:
            @convention(c) (
                UnsafeMutablePointer<GtkWidget>?, OpaquePointer?, gpointer?
            ) -> gboolean = { _, _, _ in
                MainActor.assumeIsolated { Self.closeAll() }
                return 1
            }
        add("q", gtk_callback_action_new(closeAll, nil, nil), to: keys)
        gtk_widget_add_controller(UnsafeMutablePointer(OpaquePointer(window)), keys)
    }

    /// The shortcut takes over its trigger and its action, and the controller the shortcut.
    private static func add(_ key: Character, _ action: OpaquePointer?, to keys: OpaquePointer) {
        let trigger = gtk_keyval_trigger_new(guint(key.asciiValue ?? 0), GDK_CONTROL_MASK)
        gtk_shortcut_controller_add_shortcut(keys, gtk_shortcut_new(trigger, action))
    }

    private static func closeAll() {
        // Some go while the others are asked: each is held until then.
        guard let list = gtk_window_list_toplevels() else { return }
        var item: UnsafeMutablePointer<GList>? = list
        while let entry = item {
            g_object_ref(entry.pointee.data)
            item = entry.pointee.next
        }
        item = list
        while let entry = item {
            gtk_window_close(UnsafeMutablePointer(OpaquePointer(entry.pointee.data)))
            g_object_unref(entry.pointee.data)
            item = entry.pointee.next
        }
        g_list_free(list)
    }
}
#endif
