#if GTK
internal import CGTK
import Roost

/// One picture, as large as there is room for it.
public final class Picture: Widget {
    private let scope = WorkerScope(
        "picture", pool: WorkerPool(name: "picture", configuration: .init(maximumThreads: 1)))
    private var newest = 0

    /// Creates a place without a picture.
    public init(_ app: GTKApplication) {
        super.init(app, gtk_picture_new())
    }

    isolated deinit { scope.close() }

    /// Shows a picture in any format that the desktop's decoders know: PNG and JPEG, and SVG where librsvg's is installed. It is decoded on a worker.
    /// Then `decoded` is called on the main actor, with false when it could not be; what was shown before stays then. Not at all when another one was
    /// asked for meanwhile, or the widget has gone.
    public func show(_ bytes: [UInt8], _ decoded: @escaping @MainActor (Bool) -> Void = { _ in }) {
        newest += 1
        let number = newest
        let handle = scope.start("decode picture", reporting: Texture.self) { worker in
            if let texture = Texture(bytes) { worker.report(texture) }
        }
        var isShown = false
        handle.onUpdate { [weak self] texture in
            guard let self, newest == number else { return }
            gtk_picture_set_paintable(object, texture.pointer)
            isShown = true
        }
        handle.onEnd { [weak self] _ in
            if self?.newest == number { decoded(isShown) }
        }
    }
}
#endif
