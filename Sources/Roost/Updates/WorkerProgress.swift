/// How far a worker is: the ready-made update.
public struct WorkerProgress: Sendable, Equatable, Codable {
    /// What is done so far, in the worker's own unit.
    public var completed: Int
    /// What there is to do in all; nil while it is not known.
    public var total: Int?
    /// What the worker is doing, for people.
    public var message: String
    /// The time since the work began; filled in by a worker that reports its counts.
    public var elapsed: Duration

    /// Creates a progress value; negative counts are taken as 0.
    public init(_ completed: Int, of total: Int? = nil, message: String = "") {
        self.completed = max(0, completed)
        self.total = total.map { max(0, $0) }
        self.message = message
        elapsed = .zero
    }

    /// 0 to 1; 0 while the total is not known, 1 for a total of nothing.
    public var fraction: Double {
        guard let total else { return 0 }
        guard total > 0 else { return 1 }
        return min(1, max(0, Double(completed) / Double(total)))
    }

    /// Units per second since the worker began; nil before anything can be said.
    public var rate: Double? {
        let seconds = elapsed.secondsValue
        guard seconds > 0, completed > 0 else { return nil }
        return Double(completed) / seconds
    }

    /// The time left at the present rate; nil while total or rate is not known.
    public var timeLeft: Duration? {
        guard let total, let rate else { return nil }
        // Past thirty years nobody counts, and a Duration would overflow.
        return .seconds(min(1e9, max(0, Double(total) - Double(completed)) / rate))
    }
}
