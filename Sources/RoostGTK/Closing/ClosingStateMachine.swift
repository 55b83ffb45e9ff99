/// The life of a window that closes, as events and answers. Knows no toolkit and no clock.
///
/// ```
/// open ──close asked──▶ closing ──settled, or asked again──▶ gone
///   ▲                      │
///   └──────keep open───────┘   (not once the process ends)
/// ```
struct ClosingStateMachine {
    enum State: Equatable {
        case open
        case closing
        case gone
    }

    enum Action: Equatable {
        /// Ask the scopes to close.
        case beginClosing
        /// Cut delivery and take the window down.
        case takeDown
        /// Show the window's content again.
        case reopen
        case none
    }

    private(set) var state = State.open
    /// Counts the closes: what settles of one that was called off says nothing about the next.
    private(set) var round = 0
    private var left = 0
    private var processEnds = false

    var mayKeepOpen: Bool { state == .closing && !processEnds }

    /// The close button, a key, the window manager. Asked while it closes already: at once.
    mutating func closeAsked(scopes: Int) -> Action {
        switch state {
        case .open:
            state = .closing
            round += 1
            left = scopes
            guard scopes > 0 else {
                state = .gone
                return .takeDown
            }
            return .beginClosing
        case .closing: return closeNow()
        case .gone: return .none
        }
    }

    /// A scope was given to the window; true when it is to close as well.
    mutating func scopeAdded() -> Bool {
        guard state == .closing else { return false }
        left += 1
        return true
    }

    mutating func closeNow() -> Action {
        guard state == .closing else { return .none }
        state = .gone
        return .takeDown
    }

    /// One of the scopes has settled.
    mutating func settled(round: Int) -> Action {
        guard state == .closing, round == self.round else { return .none }
        left -= 1
        guard left <= 0 else { return .none }
        state = .gone
        return .takeDown
    }

    /// Somebody else has destroyed the window.
    mutating func destroyed() -> Action {
        guard state != .gone else { return .none }
        state = .gone
        return .takeDown
    }

    mutating func keepOpen() -> Action {
        guard mayKeepOpen else { return .none }
        state = .open
        return .reopen
    }

    mutating func processEnding() {
        processEnds = true
    }
}
