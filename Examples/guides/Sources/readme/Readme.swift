import Roost

@main
struct Readme {
    @MainActor
    static func main() async throws {
        let scope = WorkerScope("task window")

        let worker = scope.start("count to 100") { worker in  // on a thread of the pool; may block
            for n in 1...100 {
                try worker.checkpoint()  // throws once stopped, waits while paused
                worker.report(n, of: 100)  // newest wins: a million of these do not flood the window
                try worker.sleep(for: .milliseconds(100))  // ends at once on stop
            }
        }
        worker.onUpdate { progress in print(progress.fraction) }  // main actor; never after close
        worker.onEnd { ending in print(ending) }  // main actor; exactly once

        try await Task.sleep(for: .milliseconds(250))

        // The window goes: stop, wait, cut delivery. Over within two seconds, whatever the workers do.
        let report = await scope.close(within: .seconds(2))
        print(report)  // who was late, and where, if anybody was
    }
}
