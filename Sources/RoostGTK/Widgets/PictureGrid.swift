#if GTK
internal import CGTK
import Glibc
import Roost

/// Pictures in rows, as many as one likes: only those in sight are loaded, on a worker, and the most recent are kept.
public final class PictureGrid: Widget {
    private let model: OpaquePointer
    private let view: UnsafeMutablePointer<GtkWidget>
    private let pictures: PictureLoader

    /// One of its pictures.
    public struct Picture: Sendable {
        /// The file that is shown; of one that cannot be read as a picture, and of a path that is not UTF-8, the place stays
        /// empty.
        public var path: String
        /// What it is called: said by a screen reader, and shown when the pointer rests on it.
        public var name: String

        /// Creates a picture.
        public init(path: String, name: String) {
            self.path = path
            self.name = name
        }
    }

    /// Creates an empty grid; each picture is fitted into `side` × `side` pixels.
    public init(_ app: GTKApplication, side: Int = 128) {
        model = gtk_string_list_new(nil)
        pictures = PictureLoader(app, side: side)
        let factory = gtk_signal_list_item_factory_new()!
        view = gtk_grid_view_new(
            gtk_no_selection_new(OpaquePointer(g_object_ref(UnsafeMutableRawPointer(model)))), factory)!
        let scrolled = gtk_scrolled_window_new()!
        gtk_scrolled_window_set_child(OpaquePointer(scrolled), view)
        gtk_scrolled_window_set_policy(OpaquePointer(scrolled), GTK_POLICY_NEVER, GTK_POLICY_AUTOMATIC)
        super.init(app, scrolled)
        pictures.connect(to: factory)
        let width = gtk_scrolled_window_get_hadjustment(object)!
        Callback.connect(OpaquePointer(width), "changed") { [weak self] _ in
            self?.widthChanged(to: Int(gtk_adjustment_get_page_size(width)), side: side)
            return false
        }
    }

    /// GTK makes 32 rows of cells, each with as many as there may be columns, in sight or not: no more than fit.
    private func widthChanged(to width: Int, side: Int) {
        let columns = guint(clamping: max(1, width / side) + 1)
        let grid = OpaquePointer(view)
        if gtk_grid_view_get_max_columns(grid) != columns { gtk_grid_view_set_max_columns(grid, columns) }
    }

    override var spoken: UnsafeMutablePointer<GtkWidget> { view }

    isolated deinit {
        pictures.close()
        g_object_unref(UnsafeMutableRawPointer(model))
    }

    /// How many pictures there are.
    public var count: Int { Int(g_list_model_get_n_items(model)) }

    /// Takes all pictures away.
    public func removeAll() {
        gtk_string_list_splice(model, 0, guint(count), nil)
        pictures.names = [:]
    }

    /// Adds pictures behind the others.
    public func append(_ pictures: [Picture]) {
        for picture in pictures { self.pictures.names[picture.path] = picture.name }
        var pointers: [UnsafePointer<CChar>?] = []
        let copies = pictures.map { strdup($0.path) }
        defer { for copy in copies { free(copy) } }
        for copy in copies { pointers.append(UnsafePointer(copy)) }
        pointers.append(nil)
        pointers.withUnsafeBufferPointer { gtk_string_list_splice(model, guint(count), 0, $0.baseAddress) }
    }
}
#endif
