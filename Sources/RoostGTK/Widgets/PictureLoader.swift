#if GTK
internal import CGTK
import Roost

/// Loads the pictures of a grid on a worker and puts them where they belong, if they are still in sight by then.
@MainActor
final class PictureLoader {
    /// How many loaded pictures are kept: some screens of them.
    private static let kept = 400

    /// Between two pictures, beside what the theme puts there; half of it at the edges.
    private static let spacing: gint = 12

    /// What the pictures are called, by their URIs, and by the keys of places without one.
    var names: [String: String] = [:]
    /// What stands in places without a picture, by their keys.
    private var missing: [String: String] = [:]
    private let side: Int
    private let scope = WorkerScope(
        "pictures", pool: WorkerPool(name: "pictures", configuration: .init(maximumThreads: 1)))
    /// The URI that each cell in sight is to show.
    private var wanted: [OpaquePointer: String] = [:]
    private var loading: [String: (number: Int, handle: WorkerHandle<Void, Texture>)] = [:]
    private var started = 0
    private var textures: [String: Texture] = [:]
    private var order: [String] = []

    init(_ app: GTKApplication, side: Int) {
        self.side = side
    }

    func close() {
        scope.close()
    }

    /// The same files may be other pictures the next time.
    func forgetAll() {
        for (_, entry) in loading { entry.handle.stop() }
        (loading, textures, order, names, missing) = ([:], [:], [], [:], [:])
    }

    /// A place without a picture: its key, which is no URI.
    func note(missing words: String) -> String {
        let key = "missing \(missing.count)"
        missing[key] = words
        return key
    }

    func connect(to factory: OpaquePointer) {
        // Held by the factory: the last cells go after the grid.
        Callback.connect(factory: factory, "setup") { self.setUp($0) }
        Callback.connect(factory: factory, "bind") { self.bind($0) }
        Callback.connect(factory: factory, "unbind") { self.unbind($0) }
    }

    // MARK: Cells

    private func setUp(_ item: OpaquePointer) {
        // The picture, and above it the words that stand where there is none.
        let cell = gtk_overlay_new()!
        let picture = gtk_picture_new()!
        gtk_widget_set_size_request(picture, side.pixels, side.pixels)
        gtk_overlay_set_child(OpaquePointer(cell), picture)
        let words = gtk_label_new(nil)!
        gtk_label_set_wrap(OpaquePointer(words), 1)
        gtk_label_set_lines(OpaquePointer(words), 4)
        gtk_label_set_ellipsize(OpaquePointer(words), PANGO_ELLIPSIZE_END)
        gtk_label_set_justify(OpaquePointer(words), GTK_JUSTIFY_CENTER)
        for name in ["dim-label", "caption", "frame"] { gtk_widget_add_css_class(words, name) }
        gtk_overlay_add_overlay(OpaquePointer(cell), words)
        let margins = [
            gtk_widget_set_margin_top, gtk_widget_set_margin_bottom, gtk_widget_set_margin_start,
            gtk_widget_set_margin_end,
        ]
        for margin in margins { margin(cell, Self.spacing / 2) }
        gtk_list_item_set_child(item, cell)
    }

    private func bind(_ item: OpaquePointer) {
        guard let object = gtk_list_item_get_item(item),
            let text = gtk_string_object_get_string(OpaquePointer(object)), let cell = gtk_list_item_get_child(item),
            let picture = gtk_overlay_get_child(OpaquePointer(cell)), let words = gtk_widget_get_last_child(cell)
        else { return }
        let uri = String(cString: text)
        let name = names[uri] ?? uri
        let missing = missing[uri]
        gtk_widget_set_tooltip_text(cell, missing.map { "\(name)\n\($0)" } ?? name)
        Widget.setSpokenName(of: picture, name)
        gtk_label_set_text(OpaquePointer(words), missing ?? "")
        gtk_widget_set_visible(words, missing == nil ? 0 : 1)
        guard missing == nil else { return gtk_picture_set_paintable(OpaquePointer(picture), nil) }
        wanted[item] = uri
        if let texture = textures[uri] {
            gtk_picture_set_paintable(OpaquePointer(picture), texture.pointer)
        } else {
            gtk_picture_set_paintable(OpaquePointer(picture), nil)
            load(uri)
        }
    }

    private func unbind(_ item: OpaquePointer) {
        guard let uri = wanted.removeValue(forKey: item) else { return }
        // Nobody sees it any more: what has not begun need not begin.
        if !wanted.values.contains(uri) { loading.removeValue(forKey: uri)?.handle.stop() }
    }

    private func load(_ uri: String) {
        guard loading[uri] == nil else { return }
        let handle = scope.start("load picture", reporting: Texture.self) { worker in
            if let texture = Texture(uri: uri) { worker.report(texture) }
        }
        started += 1
        let number = started
        loading[uri] = (number, handle)
        handle.onUpdate { [weak self] texture in
            // Not if it was forgotten meanwhile.
            if let self, self.loading[uri]?.number == number { self.arrived(uri, texture) }
        }
        handle.onEnd { [weak self] _ in
            // Another one may have taken its place, for a cell that came into sight again.
            guard let self, self.loading[uri]?.number == number else { return }
            self.loading[uri] = nil
        }
    }

    private func arrived(_ uri: String, _ texture: Texture) {
        keep(texture, for: uri)
        for (item, wantedURI) in wanted where wantedURI == uri {
            if let cell = gtk_list_item_get_child(item), let picture = gtk_overlay_get_child(OpaquePointer(cell)) {
                gtk_picture_set_paintable(OpaquePointer(picture), texture.pointer)
            }
        }
    }

    private func keep(_ texture: Texture, for uri: String) {
        textures[uri] = texture
        order.append(uri)
        guard order.count > Self.kept else { return }
        for old in order.prefix(Self.kept / 4) { textures[old] = nil }
        order.removeFirst(Self.kept / 4)
    }
}
#endif
