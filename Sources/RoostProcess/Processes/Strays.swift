import Glibc
import Roost

/// Ends what workers that are gone have started and that has left their group: found by its mark.
///
/// Reads all of `/proc`, so on a thread of its own, and once for all workers that ended meanwhile.
enum Strays {
    private struct State {
        var marks: [(mark: String, group: ControlGroup?)] = []
        var isRunning = false
    }
    private static let state = Locked(State())

    static func end(of mark: String, _ group: ControlGroup?) {
        let mustStart = state.withLock { state in
            state.marks.append((mark, group))
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        if PlatformThread.start(name: "roost-strays", options: .init(stackSize: 512 * 1024), { serve() }) != nil {
            state.withLock { $0.isRunning = false }
        }
    }

    private static func serve() {
        while true {
            let marks = state.withLock { state in
                if state.marks.isEmpty { state.isRunning = false }
                defer { state.marks = [] }
                return state.marks
            }
            guard !marks.isEmpty else { return }
            for (mark, group) in marks {
                // What was being forked at that moment is found the next time.
                var rounds = 0
                while Marked.end(mark) > 0, rounds < 20 { rounds += 1 }
                // Whoever waits for what was ended in there may need a moment.
                rounds = 0
                while let group, !group.remove(), rounds < 200 {
                    group.kill()
                    usleep(1_000)
                    rounds += 1
                }
            }
        }
    }
}
