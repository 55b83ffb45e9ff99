/// The life of a scope as events and answers. Does no I/O, takes no lock, gets the time passed in.
///
/// ```
/// open ──close asked──▶ closing ──drained, or deadline (abandoning)──▶ settled ──cut──▶ closed
///   ▲                      │
///   ├──────keep open───────┘                                               │
///   └──────────────────────────────reopen──────────────────────────────────┘
///                                     (cut may also come first; it then settles in the background)
/// ```
struct ScopeStateMachine {
    enum State: Equatable {
        case open
        case closing
        /// The budget is over: the late are being abandoned, and the close cannot be called off any more.
        case abandoning
        case settled
    }

    private(set) var state = State.open
    private(set) var isCut = false
    private(set) var askedAt: MonotonicTime?
    private(set) var deadline: MonotonicTime?
    private(set) var reason: StopReason?
    /// Counts the closes, so that the deadline of one that was called off says nothing about the next.
    private(set) var round = 0

    /// What a request to close asks of the driver.
    enum CloseAction: Equatable {
        /// Stop the workers and arm the budget.
        case stop
        /// The close under way has to be over sooner: arm the new budget.
        case shorten
        /// There is nobody to wait for: settle.
        case settle
        /// A close is under way or over.
        case none
    }

    mutating func close(_ reason: StopReason, budget: Duration, unfinished: Int, now: MonotonicTime) -> CloseAction {
        if state == .closing, let deadline, now + budget < deadline {
            self.deadline = now + budget
            return .shorten
        }
        guard state == .open else { return .none }
        round += 1
        askedAt = now
        self.reason = reason
        guard unfinished > 0 else {
            state = .settled
            return .settle
        }
        deadline = now + budget
        state = .closing
        return .stop
    }

    /// The last worker has ended. True when that settles a close.
    mutating func drained() -> Bool {
        guard state == .closing || state == .abandoning else { return false }
        state = .settled
        return true
    }

    /// The budget of a close is over. True when there are late workers to abandon.
    mutating func deadlinePassed(round: Int) -> Bool {
        guard state == .closing, round == self.round else { return false }
        state = .abandoning
        return true
    }

    /// True when the close was called off.
    mutating func keepOpen() -> Bool {
        guard state == .closing, !isCut else { return false }
        open()
        return true
    }

    /// True when a close that has settled was taken back.
    mutating func reopen() -> Bool {
        guard state == .settled, !isCut else { return false }
        open()
        return true
    }

    private mutating func open() {
        state = .open
        askedAt = nil
        deadline = nil
        reason = nil
    }

    /// True for the first cut.
    mutating func cut() -> Bool {
        defer { isCut = true }
        return !isCut
    }
}
