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
        /// The path of the file that is shown, as the system has it: any bytes but 0. Of one that cannot be read as a picture
        /// the place stays empty.
        public var path: [UInt8]
        /// What it is called: said by a screen reader, and shown when the pointer rests on it.
        public var name: String
        /// What stands in its place when there is nothing to show: a few words. Nil for a picture.
        public var missing: String?

        /// Creates a picture from the bytes of a path.
        public init(path: [UInt8], name: String) {
            self.path = path
            self.name = name
        }

        /// Creates a picture from a path that is text.
        public init(path: String, name: String) { self.init(path: Array(path.utf8), name: name) }

        /// Creates a place without a picture, in which stands why there is none.
        public init(missing: String, name: String) {
            self.init(path: [], name: name)
            self.missing = missing
        }

        /// Text, whatever the path is.
        fileprivate var uri: String {
            guard let file = (path + [0]).withUnsafeBytes({ g_file_new_for_path($0.baseAddress) }) else { return "" }
            defer { g_object_unref(UnsafeMutableRawPointer(file)) }
            guard let uri = g_file_get_uri(file) else { return "" }
            defer { g_free(uri) }
            return String(cString: uri)
        }
    }

    /// Creates an empty grid; each picture is fitted into `side` × `side` pixels, 1 to 32,767, any other is the nearest of
    /// these.
    public init(_ app: GTKApplication, side: Int = 128) {
        let side = max(1, Int(side.pixels))
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
    public var count: Int { StringModel.count(model) }

    /// Takes all pictures away.
    public func removeAll() {
        StringModel.removeAll(of: model)
        pictures.forgetAll()
    }

    /// Adds pictures behind the others.
    public func append(_ pictures: [Picture]) {
        let keys = pictures.map { picture in
            guard let missing = picture.missing else { return picture.uri }
            return self.pictures.note(missing: missing)
        }
        for (key, picture) in zip(keys, pictures) { self.pictures.names[key] = picture.name }
        StringModel.append(keys, to: model)
    }
}
#endif
