#if GTK
internal import CGTK

/// A Swift closure as GLib's: what a signal or a source calls on the main thread. GLib holds it, and lets go of it with the
/// connection or the source.
@MainActor
final class Callback {
    /// What a signal says, behind the object that says it.
    struct Arguments {
        fileprivate let values: UnsafePointer<GValue>?
        fileprivate let count: Int

        /// The first, of a signal with an object.
        var object: OpaquePointer? { value(0).flatMap { g_value_get_object($0) }.map { OpaquePointer($0) } }

        /// The first, of a signal with a number.
        var number: gint { value(0).map { g_value_get_int($0) } ?? 0 }

        /// One of several numbers.
        func unsigned(_ index: Int) -> guint { value(index).map { g_value_get_uint($0) } ?? 0 }

        private func value(_ index: Int) -> UnsafePointer<GValue>? {
            // The object itself comes first.
            index + 1 < count ? values.map { $0 + index + 1 } : nil
        }
    }

    /// Its answer matters to signals and sources that ask for one: *handled* for a signal, *again* for a source.
    typealias Body = @MainActor (Arguments) -> Bool

    private let body: Body

    private init(_ body: @escaping Body) {
        self.body = body
    }

    /// Calls `body` at every signal; the number disconnects it.
    @discardableResult
    static func connect(_ object: OpaquePointer, _ signal: String, _ body: @escaping Body) -> gulong {
        g_signal_connect_closure(UnsafeMutableRawPointer(object), signal, closure(body), 0)
    }

    /// Calls `body` at every signal; what it throws reaches the hook for failures that nobody looked at, by this name.
    static func connect(
        _ object: OpaquePointer, _ signal: String, named name: String, app: GTKApplication,
        _ body: @escaping @MainActor () throws -> Void
    ) {
        connect(object, signal) { [unowned app] _ in
            do { try body() } catch { app.failed(name, error) }
            return false
        }
    }

    /// Calls `body` with a row or cell at every signal of what makes them.
    static func connect(factory: OpaquePointer, _ signal: String, _ body: @escaping @MainActor (OpaquePointer) -> Void)
    {
        connect(factory, signal) { arguments in
            if let item = arguments.object { body(item) }
            return false
        }
    }

    /// Calls `body` once, after so many milliseconds; the number cancels it.
    static func after(milliseconds: guint, _ body: @escaping @MainActor () -> Void) -> guint {
        let source = g_timeout_source_new(milliseconds)
        g_source_set_closure(
            source,
            closure { _ in
                body()
                return false
            })
        defer { g_source_unref(source) }
        return g_source_attach(source, nil)
    }

    private static func closure(_ body: @escaping Body) -> UnsafeMutablePointer<GClosure>? {
        // proof: the closure holds it until it is finalized.
        let context = Unmanaged.passRetained(Callback(body)).toOpaque()
        let closure = g_closure_new_simple(guint(MemoryLayout<GClosure>.size), context)
        g_closure_add_finalize_notifier(closure, context) { context, _ in
            // proof: what was retained for the closure.
            if let context { Unmanaged<Callback>.fromOpaque(context).release() }
        }
        g_closure_set_marshal(closure) { closure, result, count, values, _, _ in
            guard let context = closure?.pointee.data else { return }
            // proof: held by the closure, which is being called; GLib calls on the thread that runs its loop.
            let callback = Unmanaged<Callback>.fromOpaque(context).takeUnretainedValue()
            let arguments = Arguments(values: values, count: Int(count))
            let answer = MainActor.assumeIsolated { callback.body(arguments) }
            if let result, g_type_check_value_holds(result, Callback.boolean) != 0 {
                g_value_set_boolean(result, answer ? 1 : 0)
            }
        }
        return closure
    }

    /// `G_TYPE_BOOLEAN`, a macro.
    private nonisolated static let boolean = GType(5 << 2)
}
#endif
