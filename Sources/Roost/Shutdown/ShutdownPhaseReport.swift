/// How long a phase of the process's end took.
public struct ShutdownPhaseReport: Sendable, Hashable {
    /// Which one.
    public let phase: ShutdownPhase
    /// From the request to its begin.
    public let beganAfter: Duration
    /// How long it took. That of the report ends when the report is made: writing it comes after.
    public let duration: Duration
    /// Its share of the budget; zero for finalizers when none was registered before the request.
    public let share: Duration
}

/// Notes when each phase began. The first begins with the request.
struct ShutdownPhases {
    private let budget: ShutdownBudget
    private var begins: [(phase: ShutdownPhase, after: Duration)] = [(.stopping, .zero)]

    init(budget: ShutdownBudget) {
        self.budget = budget
    }

    mutating func enter(_ phase: ShutdownPhase, after: Duration) {
        begins.append((phase, after))
    }

    func reports(until end: Duration) -> [ShutdownPhaseReport] {
        begins.indices.map { index in
            let (phase, begin) = begins[index]
            let next = index + 1 < begins.count ? begins[index + 1].after : end
            return ShutdownPhaseReport(
                phase: phase, beganAfter: begin, duration: max(.zero, next - begin), share: share(of: phase))
        }
    }

    private func share(of phase: ShutdownPhase) -> Duration {
        switch phase {
        case .running: .zero
        case .stopping: budget.grace
        case .finalizing: budget.finalizers
        case .reporting: budget.report
        }
    }
}
