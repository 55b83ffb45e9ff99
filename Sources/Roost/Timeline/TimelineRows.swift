/// Which bars a picture shows, lane by lane. A lane with too many bars shows those that matter and says how many more
/// there were.
struct TimelineRows {
    struct Section {
        let lane: Timeline.Lane
        /// How many bars the lane has, shown or not.
        let count: Int
        /// The places of those that are shown, in the order they began.
        let shown: [Int]
        /// What is said about the others; nil when there are none.
        let folded: Folded?
    }

    struct Folded: Equatable {
        let count: Int
        let lateCount: Int
        let longest: Duration
    }

    /// The most bars a lane shows.
    static let most = 30

    let sections: [Section]

    init(_ timeline: Timeline, critical: Set<Int>) {
        sections = Timeline.Lane.allCases.compactMap { lane in
            let all = timeline.bars.indices.filter { timeline.bars[$0].lane == lane }
            guard !all.isEmpty else { return nil }
            return Self.section(lane, all, of: timeline.bars, critical: critical)
        }
    }

    private static func section(
        _ lane: Timeline.Lane, _ all: [Int], of bars: [Timeline.Bar], critical: Set<Int>
    ) -> Section {
        func rank(_ index: Int) -> (Int, Duration, Int) {
            let weight = critical.contains(index) ? 2 : bars[index].isLate ? 1 : 0
            return (-weight, .zero - bars[index].duration, index)
        }
        let ranked = all.sorted { rank($0) < rank($1) }
        let shown = ranked.prefix(most).sorted {
            (bars[$0].begin, bars[$0].end, $0) < (bars[$1].begin, bars[$1].end, $1)
        }
        let rest = ranked.dropFirst(most)
        let folded =
            rest.isEmpty
            ? nil
            : Folded(
                count: rest.count, lateCount: rest.count { bars[$0].isLate },
                longest: rest.map { bars[$0].duration }.max() ?? .zero)
        return Section(lane: lane, count: all.count, shown: shown, folded: folded)
    }
}
