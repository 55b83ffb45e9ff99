import Roost

/// What a terminal is about to show, and whether a drawing of it is on its way.
final class TerminalState: Sendable {
    private struct State {
        var shown: (label: String, progress: WorkerProgress)?
        var isDrawingPending = false
        var lastDrawn: MonotonicTime?
        var isLineVisible = false
        var saidWaiting = false
        var looksAtOthers = 0
    }

    private let state: Locked<State>

    /// A terminal that is not interactive says nothing before `drawsAfter`: short work in a pipe stays silent.
    init(drawsAfter: Duration, now: MonotonicTime) {
        state = Locked(State(lastDrawn: drawsAfter == .zero ? nil : now))
    }

    var shown: (label: String, progress: WorkerProgress)? { state.withLock { $0.shown } }

    /// Keeps the newest. The delay after which to draw; nil when a drawing is on its way already.
    func offer(_ label: String, _ progress: WorkerProgress, now: MonotonicTime, interval: Duration) -> Duration? {
        state.withLock { state in
            state.shown = (label, progress)
            guard !state.isDrawingPending else { return nil }
            state.isDrawingPending = true
            guard let last = state.lastDrawn else { return .zero }
            return max(.zero, interval - (now - last))
        }
    }

    /// False when there is nothing to draw any more.
    func beginDrawing(now: MonotonicTime) -> Bool {
        state.withLock { state in
            state.isDrawingPending = false
            state.lastDrawn = now
            return state.shown != nil
        }
    }

    func clear() {
        state.withLock { $0.shown = nil }
    }

    /// Sets it and returns what it was.
    func setLineVisible(_ isVisible: Bool) -> Bool {
        state.withLock { state in
            defer { state.isLineVisible = isVisible }
            return state.isLineVisible
        }
    }

    /// True when something is waited for that was waited for at an earlier look as well.
    func isSecondTimeForOthers(_ others: [String]) -> Bool {
        state.withLock { state in
            guard !others.isEmpty else { return false }
            state.looksAtOthers += 1
            return state.looksAtOthers > 1
        }
    }

    func firstTimeWaiting() -> Bool {
        state.withLock { state in
            defer { state.saidWaiting = true }
            return !state.saidWaiting
        }
    }
}
