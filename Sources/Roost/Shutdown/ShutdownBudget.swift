/// How the time of a process's end is split: grace for the workers, then finalizers, then the report.
///
/// Finalizers have a quarter of the budget, at least 200 ms; with none registered the grace gets that time. The report
/// has 100 ms. Budgets below 600 ms are split in thirds and a sixth instead, so that each part has something.
struct ShutdownBudget: Equatable {
    let total: Duration
    let grace: Duration
    let finalizers: Duration
    let report: Duration

    init(_ total: Duration, hasFinalizers: Bool) {
        self.total = max(.zero, total)
        report = min(.milliseconds(100), self.total / 6)
        finalizers = hasFinalizers ? min(max(.milliseconds(200), self.total / 4), self.total / 3) : .zero
        grace = self.total - report - finalizers
    }
}
