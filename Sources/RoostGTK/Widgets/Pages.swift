#if GTK
internal import CGTK

/// Pages one behind the other, each with a tab: one is seen.
public final class Pages: Widget {
    private var pages: [Widget] = []

    /// Creates a widget without pages.
    public init(_ app: GTKApplication) {
        super.init(app, gtk_notebook_new())
    }

    /// Adds a page behind the others, which it keeps; the first one is seen. A letter behind `_` in the title is its key together with Alt.
    public func append(_ title: String, _ page: Widget) {
        pages.append(page)
        gtk_notebook_append_page(object, page.widget, gtk_label_new_with_mnemonic(title))
    }
}
#endif
