/// The rows a loader has reported so far, from either end.
struct ArrivedRows {
    private var range = 0..<0

    var count: Int { range.count }

    /// Adds `count` rows from row `start` on; a BMP comes from the bottom up.
    mutating func add(from start: Int, count: Int) {
        let end = start + max(count, 0)
        range = range.isEmpty ? start..<end : min(range.lowerBound, start)..<max(range.upperBound, end)
    }
}
