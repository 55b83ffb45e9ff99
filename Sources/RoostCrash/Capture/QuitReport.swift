import CRoostCrash
import CRoostStacks
import Glibc

/// SIGQUIT: all threads of the process on standard error and in the store, and then its end by that signal.
enum QuitReport {
    /// How long that may take before the process ends without it.
    private static let limit: Int64 = 5_000_000_000

    /// What went wrong.
    static func install() -> StoreError? {
        // In this order: a thread that waits already when its semaphore is made is never woken.
        var failure = roost_crash_handle_quit(limit)
        if failure == 0 { failure = roost_service_start("roost-quit", 512 * 1024, { _ in QuitReport.serve() }, nil) }
        return failure == 0 ? nil : StoreError("handle SIGQUIT", errno: failure)
    }

    private static func serve() {
        roost_crash_wait_for_quit()
        let census = ThreadCensus.take()
        let capture = CrashCapture.installed
        let summary = "\(capture?.program ?? "this program"): asked for its threads by SIGQUIT"
        let text = "\(summary)\n\(census)\n"
        text.utf8CString.withUnsafeBytes { bytes in
            roost_crash_print(bytes.baseAddress!, bytes.count - 1)
        }
        capture?.write(.quit, summary, text: text, threads: census)
        roost_crash_quit()
    }
}
