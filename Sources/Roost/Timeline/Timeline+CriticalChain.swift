extension Timeline {
    /// The bars, by their places, that determined when the whole ended, the first of them first. Empty only without bars.
    ///
    /// To make the whole faster, make one of these faster: what is not among them was over in time. The chain is followed
    /// backwards, as the critical path of a plan is, from the bar that ended last:
    ///
    /// 1. A bar that says what it waited for was held up by the one of those that ended last. One that ended after the
    ///    bar did cannot have held it up.
    /// 2. A bar that does not say it was held up by whatever ended last before it began. That is a guess; where it matters,
    ///    say what a bar waits for.
    /// 3. Of several that ended at the same moment the one that began last counts, and of those the first in ``bars``.
    /// 4. The chain begins with a bar that nothing held up. No bar is in it twice, whatever they say they wait for.
    public var criticalChain: [Int] {
        guard var current = last(of: bars.indices, butNot: waitedForAtTheEnd) else { return [] }
        var chain = [current]
        var seen: Set = [current]
        while let previous = holdUp(of: current, butNot: seen) {
            chain.append(previous)
            seen.insert(previous)
            current = previous
        }
        return chain.reversed()
    }

    private func holdUp(of index: Int, butNot seen: Set<Int>) -> Int? {
        let bar = bars[index]
        if let waitsFor = bar.waitsFor {
            return last(of: waitsFor.filter { bars[$0].end <= bar.end }, butNot: seen)
        }
        return last(of: bars.indices.filter { bars[$0].end <= bar.begin }, butNot: seen)
    }

    private func last(of candidates: some Sequence<Int>, butNot seen: Set<Int>) -> Int? {
        candidates.filter { !seen.contains($0) }.max { left, right in
            let (a, b) = (bars[left], bars[right])
            return (a.end, a.begin, right) < (b.end, b.begin, left)
        }
    }

    /// Of the bars that end at the very end, those that another one of them waits for: that one is the end of the chain.
    private var waitedForAtTheEnd: Set<Int> {
        guard let end = bars.map(\.end).max() else { return [] }
        let atTheEnd = Set(bars.indices.filter { bars[$0].end == end })
        let waitedFor = Set(atTheEnd.flatMap { bars[$0].waitsFor ?? [] }).intersection(atTheEnd)
        // All of them in a circle: then the order decides.
        return waitedFor.count == atTheEnd.count ? [] : waitedFor
    }
}
