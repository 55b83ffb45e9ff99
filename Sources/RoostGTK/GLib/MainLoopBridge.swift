#if GTK
internal import CGTK
internal import CRoostPlatform
import Glibc

/// Lets GTK's main loop serve libdispatch's main queue, and with it the main actor.
@MainActor
enum MainLoopBridge {
    /// Behind redraw (120): a burst of jobs does not keep the window from being drawn.
    private static let priority: Int32 = 200

    static func install() {
        let drain: @convention(c) (gint, GIOCondition, gpointer?) -> gboolean = { descriptor, _, _ in
            // The callback does not consume the count; unread, the descriptor would stay readable for ever.
            var count: UInt64 = 0
            _ = read(descriptor, &count, 8)
            roost_main_queue_drain()
            return 1
        }
        g_unix_fd_add_full(priority, roost_main_queue_descriptor(), G_IO_IN, drain, nil, nil)
    }
}
#endif
