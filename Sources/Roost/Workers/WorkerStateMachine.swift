/// The life of a worker as events and answers. Does no I/O, takes no lock, knows no thread.
///
/// ```
/// queued ──begin──▶ running ──pause──▶ pausing ──checkpoint──▶ paused
///    │                 ▲                  │ resume                │ resume, stop
///    │                 └──────────────────┴───────────────────────┘
///    └──────────── end (from every state, once) ──────────────▶ ended
/// ```
struct WorkerStateMachine {
    private enum State {
        case queued(pauseWanted: Bool)
        case running
        case pausing
        case paused
        case ended
    }

    private var state = State.queued(pauseWanted: false)
    private var isStopped = false

    var current: WorkerState {
        switch state {
        case .ended: return .ended
        case .queued: return .queued
        case .running, .pausing, .paused:
            if isStopped { return .stopping }
            switch state {
            case .pausing: return .pausing
            case .paused: return .paused
            default: return .running
            }
        }
    }

    /// A thread is there. False when there is nothing to run any more.
    mutating func begin() -> Bool {
        guard case .queued(let pauseWanted) = state, !isStopped else { return false }
        state = pauseWanted ? .pausing : .running
        return true
    }

    enum StopAction {
        /// It never began: it ends here and now.
        case endNow
        /// Its body has to notice; a body paused in a checkpoint is woken to do so.
        case tellBody
        case none
    }

    mutating func stop() -> StopAction {
        guard !isStopped else { return .none }
        isStopped = true
        switch state {
        case .queued: return .endNow
        case .running, .pausing, .paused: return .tellBody
        case .ended: return .none
        }
    }

    /// True when the pause flag has to be set.
    mutating func pause() -> Bool {
        guard !isStopped else { return false }
        switch state {
        case .queued(pauseWanted: false): state = .queued(pauseWanted: true)
        case .running: state = .pausing
        case .queued, .pausing, .paused, .ended: return false
        }
        return true
    }

    /// True when the pause flag has to be cleared and a waiting body woken.
    mutating func resume() -> Bool {
        switch state {
        case .queued(pauseWanted: true): state = .queued(pauseWanted: false)
        case .pausing, .paused: state = .running
        case .queued, .running, .ended: return false
        }
        return true
    }

    /// The body is at a checkpoint whose flags were not clear. True when it has to wait.
    mutating func mustWaitAtCheckpoint() -> Bool {
        guard !isStopped else { return false }
        switch state {
        case .pausing:
            state = .paused
            return true
        case .paused: return true
        case .queued, .running, .ended: return false
        }
    }

    /// True for the one event that gives the worker its ending.
    mutating func end() -> Bool {
        if case .ended = state { return false }
        state = .ended
        return true
    }
}
