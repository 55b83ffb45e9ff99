#if GTK
internal import CGTK
public import Roost

/// A window, used on the main actor alone: anything else does not compile. Its application keeps it while it is open. Ctrl+W
/// closes it as its close button does, Ctrl+Q all windows.
@MainActor
public final class Window {
    /// Where its widgets are made for.
    public let app: GTKApplication
    private let closer: WindowCloser
    var pointer: UnsafeMutablePointer<GtkWindow> { closer.window }
    private var content: Widget?
    private(set) var hasGone = false

    /// Creates a window, which ``present()`` shows; one that was never shown keeps no program running. Size in pixels, without what the desktop draws around it; 1 to 32,767, any
    /// other is the nearest of these.
    public init(_ app: GTKApplication, _ title: String, width: Int = 480, height: Int = 320) {
        self.app = app
        let window = UnsafeMutablePointer<GtkWindow>(OpaquePointer(gtk_window_new()!))
        gtk_window_set_title(window, title)
        gtk_window_set_default_size(window, max(1, width.pixels), max(1, height.pixels))
        WindowKeys.add(to: window)
        closer = WindowCloser(window, app: app)
        closer.owner = self
        closer.closed.append { [weak self] in
            self?.hasGone = true
            // Its buttons may hold this window.
            self?.content = nil
        }
    }

    /// Its title, up to the first NUL. One that has gone keeps the title it had.
    public var title: String {
        get { closer.title }
        set { if !hasGone { gtk_window_set_title(closer.window, newValue) } }
    }

    /// Puts `content` into the window, in place of what was there; while the window says that it closes, once that is called
    /// off. Without effect on one that has gone.
    public func show(_ content: Widget) {
        guard !hasGone else { return }
        self.content = content
        closer.show(content.widget)
    }

    /// Shows the window, in front of the others. One that has gone stays gone.
    public func present() {
        guard !hasGone else { return }
        gtk_window_present(closer.window)
    }

    /// Opens a file with the program that the desktop has for it. Where there is none, a dialog says so.
    public func open(file path: String) {
        guard !hasGone, let file = g_file_new_for_path(path) else { return }
        defer { g_object_unref(UnsafeMutableRawPointer(file)) }
        guard let uri = g_file_get_uri(file) else { return }
        defer { g_free(uri) }
        gtk_show_uri(pointer, uri, guint32(GDK_CURRENT_TIME))
    }

    /// Closes `scope` with the window. A request to close asks the scope's workers to stop; while they do, the window says
    /// who is left and how long it waits at most, and offers *Close now* and *Keep open*; then it goes, after `budget` at the
    /// latest (nil for the scope's own). From then on none of the scope's callbacks is called. A second request takes the
    /// window away at once and leaves the workers the rest of the budget; *Close now* leaves them a tenth of a second. Several
    /// scopes may close with one window. A scope that is given to a window that has gone is closed at once.
    public func closes(_ scope: WorkerScope, within budget: Duration? = nil) {
        guard !hasGone else { return scope.close() }
        closer.closes(scope, within: budget)
    }

    /// Calls `action` once the window has gone, on the main actor; at once, within this call, when it has. It comes before the
    /// end of the process that the last window begins.
    public func onClosed(_ action: @escaping @MainActor () -> Void) {
        guard !hasGone else { return action() }
        closer.closed.append(action)
    }

    /// Asks for what the window's close button asks for, and returns at once. Asked again while it closes, it goes at once, and
    /// within this call. Callable from anywhere on the main actor: from callbacks of its workers, its own buttons, and
    /// ``onClosed(_:)``. Without effect on a window that has gone.
    public func close() {
        closer.requestClose()
    }
}
#endif
