import Glibc
import Roost
import RoostGTK

/// Programs with windows for tests; what they do is their first argument. They say what they found on standard output.
@main
enum OddWindow {
    private static let modes: [String: @Sendable ([String]) -> Never] = [
        "conformance": { _ in Loops.conformance() },
        "nested": { Loops.nested($0) },
        "dialog": { Dialogs.run($0) },
        "silence": { Silence.run($0) },
        "blocked": { Bounded.blocked($0) },
        "hang": { Bounded.hang($0) },
        "idle": { _ in Heartbeat.idle() },
        "heartbeat": { Heartbeat.run($0) },
        "several": { Several.run($0) },
        "raw": { RawWindows.run($0) },
        "throws": { Failures.run($0) },
        "closing": { OddClosings.run($0) },
        "widgets": { _ in OddWidgets.run() },
        "start": { Starts.run($0) },
    ]

    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard let mode = arguments.first.flatMap({ modes[$0] }) else {
            print("usage: odd-window \(modes.keys.sorted().joined(separator: "|")) …")
            exit(2)
        }
        mode(Array(arguments.dropFirst()))
    }
}

/// Calls `action` on the main thread once every thread of `pool` has come back from workers that were left behind: while one
/// has not, the process cannot end with 0.
@MainActor
func whenAllHaveReturned(to pool: WorkerPool = .shared, _ action: @escaping @MainActor () -> Void) {
    GLib.every(5) {
        guard !pool.threads.contains(where: \.isAbandoned) else { return true }
        action()
        return false
    }
}

/// A line on standard output, at once.
func say(_ text: String) {
    var line = text + "\n"
    line.withUTF8 { bytes in _ = write(1, bytes.baseAddress, bytes.count) }
}
