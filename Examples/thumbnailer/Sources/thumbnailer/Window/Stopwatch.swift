#if Window
import Roost

/// Time that stands still while the work is paused.
struct Stopwatch {
    private var since: MonotonicTime?
    private var before = Duration.zero

    init(running: Bool = false) {
        if running { start() }
    }

    var time: Duration { before + (since.map { .now - $0 } ?? .zero) }

    mutating func start() {
        if since == nil { since = .now }
    }

    mutating func stop() {
        before = time
        since = nil
    }
}

extension Duration {
    /// `4 s`, `3 min`, `2 h`, rounded up: nothing takes no time.
    var shortText: String {
        let seconds = components.seconds + (components.attoseconds > 0 ? 1 : 0)
        return seconds < 90
            ? "\(seconds) s" : seconds < 5_400 ? "\((seconds + 30) / 60) min" : "\((seconds + 1_800) / 3_600) h"
    }
}
#endif
