#if GTK
internal import CGTK

/// Something that is shown in a window. Used on the main actor alone: anything else does not compile.
@MainActor
public class Widget {
    let app: GTKApplication
    let widget: UnsafeMutablePointer<GtkWidget>

    /// Takes over a new widget, whose reference nobody owns yet.
    init(_ app: GTKApplication, _ widget: UnsafeMutablePointer<GtkWidget>) {
        self.app = app
        self.widget = widget
        g_object_ref_sink(widget)
    }

    isolated deinit { g_object_unref(widget) }

    /// The widget as other types of GTK see it.
    final var object: OpaquePointer { OpaquePointer(widget) }

    /// Whether it reacts; one that does not is drawn pale.
    public final var isEnabled: Bool {
        get { gtk_widget_get_sensitive(widget) != 0 }
        set { gtk_widget_set_sensitive(widget, newValue ? 1 : 0) }
    }

    /// Whether it is shown.
    public final var isVisible: Bool {
        get { gtk_widget_get_visible(widget) != 0 }
        set { gtk_widget_set_visible(widget, newValue ? 1 : 0) }
    }

    /// Whether it takes the room that is left in its direction of the box it is in, both directions for pictures and lists.
    public final func expands(horizontally: Bool = true, vertically: Bool = false) -> Self {
        gtk_widget_set_hexpand(widget, horizontally ? 1 : 0)
        gtk_widget_set_vexpand(widget, vertically ? 1 : 0)
        return self
    }

    /// The least height in pixels; 0 to 32,767, any other is the nearest of these.
    public final var minimumHeight: Int {
        get {
            var height: gint = 0
            gtk_widget_get_size_request(widget, nil, &height)
            return Int(height)
        }
        set { gtk_widget_set_size_request(widget, -1, newValue.pixels) }
    }

    /// Stands in the middle of the height it has, no higher than it needs to be.
    public final func centersVertically() -> Self {
        gtk_widget_set_valign(widget, GTK_ALIGN_CENTER)
        return self
    }

    final func setMargin(_ margin: Int) {
        gtk_widget_set_margin_top(widget, margin.pixels)
        gtk_widget_set_margin_bottom(widget, margin.pixels)
        gtk_widget_set_margin_start(widget, margin.pixels)
        gtk_widget_set_margin_end(widget, margin.pixels)
    }

    /// A style class of GTK or the theme: `title-1`, `dim-label`, `suggested-action`, `destructive-action` and the like. A dot
    /// in front, as style sheets have it, is not part of the name.
    public final func styled(_ names: String...) -> Self {
        for name in names.map({ $0.drop { $0 == "." } }) where !name.isEmpty {
            gtk_widget_add_css_class(widget, String(name))
        }
        return self
    }

    /// The name that a screen reader says, where the text that is shown does not say it.
    public final func named(_ name: String) -> Self {
        Self.setSpokenName(of: spoken, name)
        return self
    }

    /// What a screen reader finds; a part of the widget where that only scrolls.
    var spoken: UnsafeMutablePointer<GtkWidget> { widget }

    final class func setSpokenName(of widget: UnsafeMutablePointer<GtkWidget>, _ name: String) {
        var property = GTK_ACCESSIBLE_PROPERTY_LABEL
        var value = GValue()
        g_value_init(&value, GType(16 << 2))  // G_TYPE_STRING
        g_value_set_string(&value, name)
        gtk_accessible_update_property_value(OpaquePointer(widget), 1, &property, &value)
        g_value_unset(&value)
    }
}

/// Text, shown as it is: `%`, `_` and `<` mean nothing here, and it ends at the first NUL. For sentences: GTK lays out all of it
/// on the main thread, and takes seconds for some ten thousand words. See ``TextList`` for more.
public final class Label: Widget {
    /// Creates a label; text begins at the left, and lines are as long as they are.
    public init(_ app: GTKApplication, _ text: String = "") {
        super.init(app, gtk_label_new(text))
        gtk_label_set_xalign(object, 0)
    }

    /// What it says.
    public var text: String {
        get { String(cString: gtk_label_get_text(object)) }
        set { gtk_label_set_text(object, newValue) }
    }

    /// Long text goes on in the next line.
    public func wraps() -> Self {
        gtk_label_set_wrap(object, 1)
        gtk_label_set_wrap_mode(object, PANGO_WRAP_WORD_CHAR)
        return self
    }

    /// Its lines stand in the middle of the room it has.
    public func centers() -> Self {
        gtk_label_set_xalign(object, 0.5)
        gtk_label_set_justify(object, GTK_JUSTIFY_CENTER)
        return self
    }

    /// Long text ends in an ellipsis instead of making the window wider.
    public func ellipsizes() -> Self {
        gtk_label_set_ellipsize(object, PANGO_ELLIPSIZE_MIDDLE)
        return self
    }
}

/// Something to press; what it does runs on the main actor, while GTK waits for it.
public final class Button: Widget {
    /// Creates a button. What `action` throws goes once, named after the button's first title, to
    /// `UnobservedFailure`; it closes nothing. The action may close the button's own window.
    public init(_ app: GTKApplication, _ title: String, _ action: @escaping @MainActor () throws -> Void) {
        super.init(app, gtk_button_new_with_mnemonic(title))
        forgetSpokenTitle()
        Callback.connect(object, "clicked", named: "button '\(title)'", app: app, action)
    }

    /// What it says, up to the first NUL; a letter behind `_` is its key together with Alt, and `__` is an underscore.
    public var title: String {
        get { gtk_button_get_label(UnsafeMutablePointer(object)).map { String(cString: $0) } ?? "" }
        set {
            gtk_button_set_label(UnsafeMutablePointer(object), newValue)
            forgetSpokenTitle()
        }
    }

    /// GTK has a screen reader say the title with its `_`, and then the text that is shown; the text is enough.
    private func forgetSpokenTitle() {
        gtk_accessible_reset_property(object, GTK_ACCESSIBLE_PROPERTY_LABEL)
    }
}

/// How far something is.
public final class ProgressBar: Widget {
    /// Creates a bar at 0.
    public init(_ app: GTKApplication) {
        super.init(app, gtk_progress_bar_new())
    }

    /// 0 to 1; less is 0, more is 1, and what is not a number is 0.
    public var fraction: Double {
        get { gtk_progress_bar_get_fraction(object) }
        set { gtk_progress_bar_set_fraction(object, newValue.isNaN ? 0 : min(1, max(0, newValue))) }
    }

    /// Text beside the bar, up to the first NUL; nil for none.
    public var text: String? {
        get { gtk_progress_bar_get_text(object).map { String(cString: $0) } }
        set {
            gtk_progress_bar_set_text(object, newValue)
            gtk_progress_bar_set_show_text(object, newValue == nil ? 0 : 1)
        }
    }

    /// Moves to and fro, for work of which nobody knows how much there is.
    public func pulse() { gtk_progress_bar_pulse(object) }
}

/// Widgets beside each other or one below the other.
public final class Box: Widget {
    /// The direction in which children follow each other.
    public enum Direction: Sendable {
        /// Beside each other.
        case horizontal
        /// One below the other.
        case vertical
    }

    private var children: [Widget] = []

    /// Creates a box; `spacing` is between two children and `margin` around them all, in pixels: 0 to 32,767, any other is the
    /// nearest of these.
    public init(
        _ app: GTKApplication, _ direction: Direction, spacing: Int = 6, margin: Int = 0, _ children: Widget...
    ) {
        let orientation = direction == .horizontal ? GTK_ORIENTATION_HORIZONTAL : GTK_ORIENTATION_VERTICAL
        super.init(app, gtk_box_new(orientation, spacing.pixels))
        setMargin(margin)
        for child in children { append(child) }
    }

    /// Adds a child behind the others, which the box keeps. A widget has one place: adding it a second time is an error that
    /// GTK complains about.
    public func append(_ child: Widget) {
        children.append(child)
        gtk_box_append(UnsafeMutablePointer(object), child.widget)
    }
}

/// A line between two parts of a window.
public final class Separator: Widget {
    /// Creates a horizontal line.
    public init(_ app: GTKApplication) {
        super.init(app, gtk_separator_new(GTK_ORIENTATION_HORIZONTAL))
    }
}

extension Int {
    /// As a length of GTK's, which keeps some of them in sixteen bits.
    var pixels: gint { gint(Swift.max(0, Swift.min(self, 32_767))) }
}
#endif
