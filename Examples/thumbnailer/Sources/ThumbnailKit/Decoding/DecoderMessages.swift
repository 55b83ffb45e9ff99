import CGdkPixbufSystem

/// What decoders print on their own.
public enum DecoderMessages {
    /// From now on nothing that GLib or a loader logs reaches the terminal, in the whole process.
    ///
    /// Some loaders print warnings about broken pictures to stderr, in the middle of a progress line; whatever matters is
    /// in the `ThumbnailError` as well. For programs whose only use of GLib is this kit. Messages that `G_DEBUG` makes fatal
    /// stay fatal.
    public static func discard() {
        g_log_set_default_handler({ _, _, _, _ in }, nil)
    }

    /// The same, but for the words with which GLib ends the process: that it got no memory, for instance.
    package static func discardButLastWords() {
        g_log_set_default_handler(
            { domain, level, message, data in
                if level.rawValue & G_LOG_FLAG_FATAL.rawValue != 0 {
                    g_log_default_handler(domain, level, message, data)
                }
            }, nil)
    }

    /// The same, but for what a toolkit has to say about its own use.
    public static func discardButToolkits() {
        g_log_set_default_handler(
            { domain, level, message, data in
                let name = domain.map { String(cString: $0) } ?? ""
                if ["Gtk", "Gdk", "Gsk", "Pango"].contains(name) || name.hasPrefix("GLib") {
                    g_log_default_handler(domain, level, message, data)
                }
            }, nil)
    }
}
