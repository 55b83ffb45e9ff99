#if GTK
internal import CGTK

/// A button with a menu below it, for what is done seldom. F10 opens the menu as well, and Escape closes it.
public final class MenuButton: Widget {
    private let popover: UnsafeMutablePointer<GtkWidget>
    private let entries: UnsafeMutablePointer<GtkWidget>

    /// Creates a button whose menu is empty. `name` is what a screen reader says; what is seen are three lines.
    public init(_ app: GTKApplication, _ name: String) {
        popover = gtk_popover_new()!
        entries = gtk_box_new(GTK_ORIENTATION_VERTICAL, 0)!
        super.init(app, gtk_menu_button_new())
        gtk_menu_button_set_icon_name(object, "open-menu-symbolic")
        gtk_menu_button_set_primary(object, 1)
        gtk_widget_set_tooltip_text(widget, name)
        gtk_popover_set_child(UnsafeMutablePointer(OpaquePointer(popover)), entries)
        gtk_menu_button_set_popover(object, popover)
        // What is pressed is a button of its own, within this one.
        Self.setSpokenName(of: gtk_widget_get_first_child(widget) ?? widget, name)
    }

    /// Adds an entry below the others; a letter behind `_` in its title is its key. What `action` throws goes once, named after the title, to
    /// `UnobservedFailure`.
    public func append(_ title: String, _ action: @escaping @MainActor () throws -> Void) {
        let entry = Button(app, title) { [popover] in
            gtk_popover_popdown(UnsafeMutablePointer(OpaquePointer(popover)))
            try action()
        }
        gtk_button_set_has_frame(UnsafeMutablePointer(entry.object), 0)
        if let words = gtk_button_get_child(UnsafeMutablePointer(entry.object)) {
            gtk_widget_set_halign(words, GTK_ALIGN_START)
        }
        gtk_box_append(UnsafeMutablePointer(OpaquePointer(entries)), entry.widget)
    }
}
#endif
