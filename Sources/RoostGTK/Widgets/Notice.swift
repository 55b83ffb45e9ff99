#if GTK
internal import CGTK

/// Words in the middle of an empty place: what belongs there, and how it gets there.
public final class Notice: Widget {
    private let image: UnsafeMutablePointer<GtkWidget>
    private let heading: Label
    private let words: Label

    /// Creates an empty notice.
    public init(_ app: GTKApplication) {
        image = gtk_image_new()!
        heading = Label(app).styled("title-2").wraps().centers()
        words = Label(app).styled("dim-label").wraps().centers()
        super.init(app, gtk_box_new(GTK_ORIENTATION_VERTICAL, 12))
        gtk_image_set_pixel_size(OpaquePointer(image), 96)
        gtk_widget_add_css_class(image, "dim-label")
        for child in [image, heading.widget, words.widget] { gtk_box_append(UnsafeMutablePointer(object), child) }
        setMargin(24)
        gtk_widget_set_valign(widget, GTK_ALIGN_CENTER)
    }

    /// Says something else; of a long `text` each line by itself is easy to read. `icon` is a name in the desktop's icon theme; one that it does not have leaves no hole.
    public func say(_ title: String, _ text: String, icon: String? = nil) {
        heading.text = title
        words.text = text
        let theme = gtk_icon_theme_get_for_display(gtk_widget_get_display(image))
        let isThere = icon.map { gtk_icon_theme_has_icon(theme, $0) != 0 } ?? false
        if isThere { gtk_image_set_from_icon_name(OpaquePointer(image), icon) }
        gtk_widget_set_visible(image, isThere ? 1 : 0)
    }
}
#endif
