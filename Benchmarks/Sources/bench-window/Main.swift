import BenchSupport
import CHeartbeat
import Glibc
import RoostGTK

/// `bench-window close|flood|flood-long|stubborn PAGE [quick]`, `bench-window idle|await|await1|hop|hop1 - [quick]`: one window, one run.
/// PAGE is where the heartbeat goes; without one, nothing beats.
@main enum BenchWindow {
    @MainActor private static var window: TaskWindow?

    static func main() {
        let arguments = CommandLine.arguments
        guard arguments.count >= 3, let work = TaskWindow.Work(rawValue: arguments[1]) else {
            print("usage: bench-window close|flood|flood-long|stubborn|idle|await|await1|hop|hop1 PAGE|- [quick]")
            exit(2)
        }
        let page = arguments[2]
        let isQuick = arguments.count > 3
        // Left alone, the scheduler chooses the cores of a round trip by chance. What the pool starts inherits this one; the
        // main thread may leave it below.
        if work.isRoundTrip { pinThread(0) }
        GTKApplication.run("bench-window") { app in
            let made = TaskWindow(app, work, isQuick: isQuick)
            window = made
            made.present()
            if page == "-" {
                made.begin()
            } else {
                // proof: the heartbeat calls it in GTK's loop, on the main thread.
                heartbeat_start(page) { MainActor.assumeIsolated { BenchWindow.window?.begin() } }
            }
            if work.isRoundTrip { pinThread(work.mainCore) }
        }
    }
}
