/// How much a program's store keeps. The oldest goes first.
public struct StoreLimits: Sendable, Hashable {
    /// The most reports.
    public var reports: Int
    /// The most bytes that the reports may have together.
    public var bytes: Int
    /// The most records of runs; each has some hundred bytes.
    public var runs: Int

    /// Creates limits; by default 50 reports of at most 20 MB, and 20 runs. Each is at least 1.
    public init(reports: Int = 50, bytes: Int = 20_000_000, runs: Int = 20) {
        self.reports = max(1, reports)
        self.bytes = max(1, bytes)
        self.runs = max(1, runs)
    }
}
