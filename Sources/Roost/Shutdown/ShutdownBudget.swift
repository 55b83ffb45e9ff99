/// How the time of a process's end is split: grace for the workers, then finalizers, then the report.
///
/// Finalizers have a quarter of the budget, at least 200 ms; with none registered the grace gets that time. The report
/// has 100 ms, and a tenth of the budget more, 200 ms at the most, if it is to have stacks. Budgets below 600 ms are split in
/// thirds and a sixth instead, so that each part has something.
struct ShutdownBudget: Equatable {
    let total: Duration
    let grace: Duration
    let finalizers: Duration
    let report: Duration

    init(_ total: Duration, hasFinalizers: Bool, hasStacks: Bool = false) {
        self.total = max(.zero, total)
        let stacks = hasStacks ? min(.milliseconds(200), self.total / 10) : .zero
        report = min(.milliseconds(100), self.total / 6) + stacks
        finalizers = hasFinalizers ? min(max(.milliseconds(200), self.total / 4), self.total / 3) : .zero
        grace = self.total - report - finalizers
    }
}
