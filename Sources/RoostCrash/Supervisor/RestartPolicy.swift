/// What the parent of a supervised program does when the program has crashed or was killed.
///
/// Never after an end that somebody asked for, whether it was in order, past its budget, or a crash on the way. Within a policy's time at
/// most so many starts follow such ends; the next end is then the program's (the restart intensity of Erlang/OTP's `supervisor`).
public enum RestartPolicy: Sendable, Hashable {
    /// The end of the program is the end of both.
    case never
    /// The program is started once more to ask: ``SupervisedStart/toAsk(times:)``. It shows what happened, and goes on or leaves.
    case ask(atMost: Int = 3, within: Duration = .seconds(60))
    /// The program is started once more.
    case automatically(atMost: Int, within: Duration)
}

/// Counts the starts that a policy allows.
struct RestartIntensity: Sendable {
    private let most: Int
    private let period: Duration
    private var starts: [ContinuousClock.Instant] = []

    init(_ policy: RestartPolicy) {
        switch policy {
        case .never: (most, period) = (0, .zero)
        case .ask(let most, let period), .automatically(let most, let period): (self.most, self.period) = (most, period)
        }
    }

    /// Whether one more is allowed; then it counts.
    mutating func allowsStart(at now: ContinuousClock.Instant) -> Bool {
        starts.removeAll { now - $0 >= period }
        guard starts.count < most else { return false }
        starts.append(now)
        return true
    }
}
