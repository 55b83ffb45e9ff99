#if GTK
internal import CGTK

/// A closure behind a GTK signal without arguments; GTK lets go of it with the object.
@MainActor
final class SignalHandler {
    private let name: String
    private unowned let app: GTKApplication
    private let body: @MainActor () throws -> Void

    private init(_ name: String, app: GTKApplication, _ body: @escaping @MainActor () throws -> Void) {
        self.name = name
        self.app = app
        self.body = body
    }

    /// Calls `body` on the main thread at every signal. What it throws reaches the hook for unobserved failures, named.
    static func connect(
        _ object: OpaquePointer, _ signal: String, named name: String, app: GTKApplication,
        _ body: @escaping @MainActor () throws -> Void
    ) {
        let handler = SignalHandler(name, app: app, body)
        let call: @convention(c) (OpaquePointer, UnsafeMutableRawPointer) -> Void = { _, context in
            // proof: the connection holds it, and `release` is called with the connection's end.
            MainActor.assumeIsolated { Unmanaged<SignalHandler>.fromOpaque(context).takeUnretainedValue().call() }
        }
        let release: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutablePointer<GClosure>?) -> Void = {
            context, _ in
            // proof: what was retained for the connection.
            if let context { Unmanaged<SignalHandler>.fromOpaque(context).release() }
        }
        g_signal_connect_data(
            UnsafeMutableRawPointer(object), signal,
            // proof: GTK calls a handler of a signal without arguments with (object, context).
            unsafeBitCast(call, to: GCallback.self), Unmanaged.passRetained(handler).toOpaque(), release,
            GConnectFlags(rawValue: 0))
    }

    private func call() {
        do { try body() } catch { app.failed(name, error) }
    }
}
#endif
