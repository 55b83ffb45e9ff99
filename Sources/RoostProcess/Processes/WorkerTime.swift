extension Int64 {
    /// How much later this time is than one that a worker wrote into the shared page, in nanoseconds. It may have written anything:
    /// what lies before 0 counts as 0, what lies in the future as now.
    func elapsed(since written: Int64) -> Int64 {
        let now = Swift.max(self, 0)
        return now - Swift.min(Swift.max(written, 0), now)
    }
}
