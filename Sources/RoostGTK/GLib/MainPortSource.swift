#if GTK
internal import CGTK
import Roost

/// Runs what Roost delivers to the main actor as a source of GLib's own, and not as jobs of libdispatch's main queue: that
/// queue is not served by a loop inside one of its jobs, so a dialog opened from a callback would stall every other callback.
@MainActor
enum MainPortSource {
    /// Behind redraw (120).
    private static let priority: Int32 = 200

    // proof: written before GLib sees it, and never again; GLib keeps the address.
    private nonisolated(unsafe) static let functions: UnsafeMutablePointer<GSourceFuncs> = {
        let functions = UnsafeMutablePointer<GSourceFuncs>.allocate(capacity: 1)
        functions.initialize(to: GSourceFuncs())
        functions.pointee.prepare = { _, timeout in
            timeout?.pointee = -1
            return TaskPort.mainHasJobs ? 1 : 0
        }
        functions.pointee.check = { _ in TaskPort.mainHasJobs ? 1 : 0 }
        functions.pointee.dispatch = { _, _, _ in
            TaskPort.runMainInLoop()
            return 1
        }
        return functions
    }()

    static func install() {
        guard let source = g_source_new(functions, guint(MemoryLayout<GSource>.size)) else { return }
        g_source_set_priority(source, priority)
        g_source_set_can_recurse(source, 1)
        g_source_set_name(source, "Roost")
        g_source_attach(source, nil)
        g_source_unref(source)
        TaskPort.serveMain { g_main_context_wakeup(nil) }
    }
}
#endif
