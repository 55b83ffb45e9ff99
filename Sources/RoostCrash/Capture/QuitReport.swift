import CRoostCrash
import Glibc

/// SIGQUIT: what the process does at this moment, on standard error, and then its end by that signal.
enum QuitReport {
    /// How long the report may take before the process ends without it.
    private static let limit: Int64 = 5_000_000_000

    static func install(_ program: String, _ problems: inout [String]) {
        var failure = roost_crash_start_thread("roost-quit", { _ in QuitReport.serve() }, nil)
        if failure == 0 { failure = roost_crash_handle_quit(limit) }
        if failure != 0 { problems.append("\(StoreError("handle SIGQUIT", errno: failure))") }
    }

    private static func serve() {
        roost_crash_wait_for_quit()
        roost_crash_quit()
    }
}
