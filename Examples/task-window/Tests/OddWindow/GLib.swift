import COtherBindings

/// GTK and GLib as code uses them that knows nothing of Roost.
@MainActor
enum GLib {
    private final class Closure {
        let body: @MainActor () -> Bool
        init(_ body: @escaping @MainActor () -> Bool) { self.body = body }
    }

    /// Calls `body` every so many milliseconds for as long as it returns true.
    static func every(_ milliseconds: Int, _ body: @escaping @MainActor () -> Bool) {
        let call: @convention(c) (gpointer?) -> gboolean = { context in
            guard let context else { return 0 }
            return MainActor.assumeIsolated {
                // proof: the source holds it, and `release` is called with the source's end.
                Unmanaged<Closure>.fromOpaque(context).takeUnretainedValue().body() ? 1 : 0
            }
        }
        let release: @convention(c) (gpointer?) -> Void = { context in
            // proof: what was retained for the source.
            if let context { Unmanaged<Closure>.fromOpaque(context).release() }
        }
        // proof: as above.
        g_timeout_add_full(0, guint(milliseconds), call, Unmanaged.passRetained(Closure(body)).toOpaque(), release)
    }

    /// Calls `body` once, after so many milliseconds.
    static func after(_ milliseconds: Int, _ body: @escaping @MainActor () -> Void) {
        every(milliseconds) {
            body()
            return false
        }
    }

    /// Calls `body` at every `signal`, one without arguments; it is never let go.
    static func on(_ signal: String, of object: OpaquePointer, _ body: @escaping @MainActor () -> Void) {
        let call: @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> Void = { _, context in
            MainActor.assumeIsolated {
                // proof: it is never let go.
                _ = Unmanaged<Closure>.fromOpaque(context).takeUnretainedValue().body()
            }
        }
        let closure = Closure {
            body()
            return true
        }
        g_signal_connect_data(
            UnsafeMutableRawPointer(object), signal,
            // proof: GTK calls a handler of a signal without arguments with (object, context).
            unsafeBitCast(call, to: GCallback.self), Unmanaged.passRetained(closure).toOpaque(), nil,
            GConnectFlags(rawValue: 0))
    }

    /// A window with a title and a label.
    static func window(_ title: String, saying text: String) -> UnsafeMutablePointer<GtkWindow> {
        let window = UnsafeMutablePointer<GtkWindow>(OpaquePointer(gtk_window_new()!))
        gtk_window_set_title(window, title)
        gtk_window_set_child(window, gtk_label_new(text))
        return window
    }

    /// The window with this title.
    static func window(titled title: String) -> UnsafeMutablePointer<GtkWindow>? {
        let list = gtk_window_get_toplevels()
        for index in 0..<g_list_model_get_n_items(list) {
            guard let item = g_list_model_get_item(list, index) else { continue }
            g_object_unref(item)
            let window = UnsafeMutablePointer<GtkWindow>(OpaquePointer(item))
            if let found = gtk_window_get_title(window), String(cString: found) == title { return window }
        }
        return nil
    }
}
