import BenchSupport
import CHeartbeat
import Glibc
import RoostGTK

/// `bench-window close|flood|flood-long|stubborn PAGE [quick]`, `bench-window idle|await|hop - [quick]`: one window, one run.
/// PAGE is where the heartbeat goes; without one, nothing beats.
@main enum BenchWindow {
    @MainActor private static var window: TaskWindow?

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let work = TaskWindow.Work(rawValue: arguments[1]) else {
            print("usage: bench-window close|flood|flood-long|stubborn|idle|await|hop PAGE|- [quick]")
            exit(2)
        }
        let page = arguments[2]
        let isQuick = arguments.count > 3
        // The thread of a round trip on one core, the main loop on another: left alone, the scheduler chooses by chance. What
        // the pool starts inherits this core; the main thread leaves it again below.
        if work == .await || work == .hop { pinThread(0) }
        GTKApplication.run("bench-window") { app in
            let made = TaskWindow(app, work, isQuick: isQuick)
            window = made
            made.present()
            if page == "-" {
                made.begin()
            } else {
                heartbeat_start(page) { MainActor.assumeIsolated { BenchWindow.window?.begin() } }
            }
            if work == .await || work == .hop { pinThread(1) }
        }
    }
}
