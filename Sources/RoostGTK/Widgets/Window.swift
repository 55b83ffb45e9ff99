#if GTK
internal import CGTK
public import Roost

/// A window. It is kept by its application while it is open. Ctrl+W closes it as its close button does, Ctrl+Q all windows.
@MainActor
public final class Window {
    /// Where its widgets are made for.
    public let app: GTKApplication
    private let closer: WindowCloser
    var pointer: UnsafeMutablePointer<GtkWindow> { closer.window }
    private var content: Widget?

    /// Creates a window, which ``present()`` shows. Size in pixels, without what the desktop draws around it.
    public init(_ app: GTKApplication, _ title: String, width: Int = 480, height: Int = 320) {
        self.app = app
        let window = UnsafeMutablePointer<GtkWindow>(OpaquePointer(gtk_window_new()!))
        gtk_window_set_title(window, title)
        gtk_window_set_default_size(window, gint(width), gint(height))
        WindowKeys.add(to: window)
        closer = WindowCloser(window, app: app)
        closer.owner = self
    }

    /// Its title.
    public var title: String {
        get { closer.title }
        set { gtk_window_set_title(closer.window, newValue) }
    }

    /// Puts `content` into the window, in place of what was there.
    public func show(_ content: Widget) {
        self.content = content
        closer.show(content.widget)
    }

    /// Shows the window, in front of the others.
    public func present() {
        gtk_window_present(closer.window)
    }

    /// Closes `scope` with the window. A request to close asks the scope's workers to stop; while they do, the window says
    /// who is left and how long it waits at most, and offers *Close now* and *Keep open*; then it goes, after `budget` at the
    /// latest (nil for the scope's own). From then on none of the scope's callbacks is called. Several scopes may close with
    /// one window.
    public func closes(_ scope: WorkerScope, within budget: Duration? = nil) {
        closer.closes(scope, within: budget)
    }

    /// Calls `action` once the window has gone.
    public func onClosed(_ action: @escaping @MainActor () -> Void) {
        closer.closed.append(action)
    }

    /// Asks for what the window's close button asks for.
    public func close() {
        closer.requestClose()
    }
}
#endif
