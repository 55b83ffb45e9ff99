#if GTK
internal import CGTK

/// The keys that every window has: Ctrl+W closes it, Ctrl+Q all windows of the program; both ask, as the close button does.
@MainActor
enum WindowKeys {
    static func add(to window: UnsafeMutablePointer<GtkWindow>) {
        let keys = gtk_shortcut_controller_new()!
        add(guint(UInt8(ascii: "w")), GDK_CONTROL_MASK, gtk_named_action_new("window.close"), to: keys)
        let closeAll:
            @convention(c) (
                UnsafeMutablePointer<GtkWidget>?, OpaquePointer?, gpointer?
            ) -> gboolean = { _, _, _ in
                // proof: GTK calls it in its loop, which runs on the main thread.
                MainActor.assumeIsolated { Self.closeAll() }
                return 1
            }
        add(guint(UInt8(ascii: "q")), GDK_CONTROL_MASK, gtk_callback_action_new(closeAll, nil, nil), to: keys)
        gtk_widget_add_controller(UnsafeMutablePointer(OpaquePointer(window)), keys)
    }

    /// Escape closes the window as well: for one that only asks something.
    static func closeWithEscape(_ window: UnsafeMutablePointer<GtkWindow>) {
        let keys = gtk_shortcut_controller_new()!
        add(guint(GDK_KEY_Escape), GdkModifierType(0), gtk_named_action_new("window.close"), to: keys)
        gtk_widget_add_controller(UnsafeMutablePointer(OpaquePointer(window)), keys)
    }

    /// The shortcut takes over its trigger and its action, and the controller the shortcut.
    private static func add(
        _ key: guint, _ modifiers: GdkModifierType, _ action: OpaquePointer?, to keys: OpaquePointer
    ) {
        let trigger = gtk_keyval_trigger_new(key, modifiers)
        gtk_shortcut_controller_add_shortcut(keys, gtk_shortcut_new(trigger, action))
    }

    private static func closeAll() {
        let windows = WindowList.all
        // Some go while the others are asked: each is held until then.
        for window in windows { g_object_ref(window) }
        for window in windows {
            gtk_window_close(window)
            g_object_unref(window)
        }
    }
}
#endif
