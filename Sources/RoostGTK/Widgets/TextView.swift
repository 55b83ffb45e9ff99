#if GTK
internal import CGTK

/// Text of many lines, in letters of one width, to be read and copied: a log, a report. A line that is too long goes on below; what does not fit
/// scrolls.
public final class TextView: Widget {
    private let view: UnsafeMutablePointer<GtkWidget>
    private var lines: [String] = []

    /// Creates a view without text.
    public init(_ app: GTKApplication) {
        view = gtk_text_view_new()!
        let scrolled = gtk_scrolled_window_new()!
        gtk_scrolled_window_set_child(OpaquePointer(scrolled), view)
        super.init(app, scrolled)
        gtk_widget_set_hexpand(widget, 1)
        gtk_widget_set_vexpand(widget, 1)
        let text = UnsafeMutablePointer<GtkTextView>(OpaquePointer(view))
        gtk_text_view_set_monospace(text, 1)
        gtk_text_view_set_editable(text, 0)
        gtk_text_view_set_cursor_visible(text, 0)
        gtk_text_view_set_wrap_mode(text, GTK_WRAP_WORD_CHAR)
        for margin in [
            gtk_text_view_set_top_margin, gtk_text_view_set_bottom_margin, gtk_text_view_set_left_margin,
            gtk_text_view_set_right_margin,
        ] { margin(text, 12) }
    }

    override var spoken: UnsafeMutablePointer<GtkWidget> { view }

    /// What it says; a NUL is shown as a space, and so is what GTK would take for the end of a line beside `\n`. A line that stays as it was is not touched: while the others change, what is in sight and what is
    /// selected stay where they are.
    public var text: String {
        get {
            var (start, end) = (GtkTextIter(), GtkTextIter())
            gtk_text_buffer_get_bounds(buffer, &start, &end)
            guard let text = gtk_text_buffer_get_text(buffer, &start, &end, 0) else { return "" }
            defer { g_free(text) }
            return String(cString: text)
        }
        set { show(Self.plain(newValue).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)) }
    }

    /// So that its lines are those of GTK's buffer.
    private static func plain(_ text: String) -> String {
        let others: Set<Unicode.Scalar> = ["\0", "\r", "\u{2029}"]
        return String(String.UnicodeScalarView(text.unicodeScalars.map { others.contains($0) ? " " : $0 }))
    }

    private var buffer: UnsafeMutablePointer<GtkTextBuffer>? {
        gtk_text_view_get_buffer(UnsafeMutablePointer(OpaquePointer(view)))
    }

    private func show(_ new: [String]) {
        guard let buffer else { return }
        let kept = min(lines.count, new.count)
        for index in 0..<kept where lines[index] != new[index] {
            var (start, end) = (GtkTextIter(), GtkTextIter())
            gtk_text_buffer_get_iter_at_line(buffer, &start, gint(index))
            end = start
            if gtk_text_iter_ends_line(&end) == 0 { gtk_text_iter_forward_to_line_end(&end) }
            gtk_text_buffer_delete(buffer, &start, &end)
            insert(new[index], at: &start, in: buffer)
        }
        var end = GtkTextIter()
        gtk_text_buffer_get_end_iter(buffer, &end)
        if new.count > kept {
            // The first line of all has nothing to stand below.
            insert((kept == 0 ? "" : "\n") + new[kept...].joined(separator: "\n"), at: &end, in: buffer)
        } else if lines.count > kept {
            var start = GtkTextIter()
            gtk_text_buffer_get_iter_at_line(buffer, &start, gint(kept - 1))
            if gtk_text_iter_ends_line(&start) == 0 { gtk_text_iter_forward_to_line_end(&start) }
            gtk_text_buffer_delete(buffer, &start, &end)
        }
        lines = new
    }

    private func insert(
        _ text: String, at place: inout GtkTextIter, in buffer: UnsafeMutablePointer<GtkTextBuffer>
    ) {
        gtk_text_buffer_insert(buffer, &place, text, gint(text.utf8.count))
    }
}
#endif
