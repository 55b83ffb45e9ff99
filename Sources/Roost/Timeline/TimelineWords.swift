/// What a picture says in words: to whoever looks at it, and to whoever has it read aloud.
struct TimelineWords {
    private let timeline: Timeline
    private let chain: [Int]

    init(_ timeline: Timeline, chain: [Int]) {
        self.timeline = timeline
        self.chain = chain
    }

    static func time(_ duration: Duration) -> String { duration == .zero ? "0" : duration.short }

    static func heading(_ lane: Timeline.Lane) -> String {
        switch lane {
        case .phase: "Phases"
        case .stage: "Stages"
        case .worker: "Workers"
        case .finalizer: "Finalizers"
        }
    }

    /// Of Okabe and Ito; phases are grey, since they hold others. Vermilion (#d55e00) is kept for what is late.
    static func colour(_ lane: Timeline.Lane) -> String {
        switch lane {
        case .phase: "#bbbbbb"
        case .stage: "#0072b2"
        case .worker: "#56b4e9"
        case .finalizer: "#009e73"
        }
    }

    static func tooltip(_ bar: Timeline.Bar, place: Int?) -> String {
        var lines = [PrintableText.short(bar.name, limit: 400)]
        if !bar.detail.isEmpty { lines.append(PrintableText.short(bar.detail, limit: 400)) }
        lines.append("\(bar.lane.rawValue), from \(time(bar.begin)) to \(time(bar.end)), took \(time(bar.duration))")
        if let limit = bar.limit { lines.append("limit \(time(limit))") }
        if bar.isLate { lines.append("late") }
        if let place { lines.append("number \(place + 1) of the critical chain") }
        return lines.joined(separator: "\n")
    }

    /// One line: how long, how many, how many late.
    var summary: String {
        let late = timeline.bars.filter(\.isLate)
        let counts = Timeline.Lane.allCases.compactMap { lane -> String? in
            let count = timeline.bars.count { $0.lane == lane }
            guard count > 0, lane != .phase else { return nil }
            return "\(count) \(lane.rawValue)\(count == 1 ? "" : "s")"
        }
        let limit = timeline.limit.map { " of \(Self.time($0.time)) (\(SVGText.fitted($0.name, columns: 30)))" } ?? ""
        let took = "Took \(Self.time(timeline.total))\(limit)."
        let lateCount = late.count { $0.lane != .phase }
        let lateness = late.isEmpty ? "Nothing was late." : lateCount == 0 ? "Late as a whole." : "\(lateCount) late."
        return ([took] + (counts.isEmpty ? [] : [counts.joined(separator: ", ") + "."]) + [lateness])
            .joined(separator: " ")
    }

    /// Whole, for whoever cannot see the picture: the late and the chain by name.
    var description: String {
        let late = timeline.bars.filter(\.isLate).prefix(20).map { bar in
            "\(SVGText.fitted(bar.name, columns: 60)) (\(Self.time(bar.duration)))"
        }
        let names = late.isEmpty ? [] : ["Late: " + late.joined(separator: ", ") + "."]
        return ([summary] + names + chainLines(columns: .max)).joined(separator: " ")
    }

    /// `Critical chain: 1 indexer (+1.3 s) → 2 flush (+20 ms)`, on as many lines as it needs; of a long chain both ends. Each
    /// says by how much it moved the end: together that is the end of the last.
    func chainLines(columns: Int) -> [String] {
        guard !chain.isEmpty else { return [] }
        var parts = chain.enumerated().map { place, index in
            let bar = timeline.bars[index]
            let before = place > 0 ? timeline.bars[chain[place - 1]].end : .zero
            let added = max(.zero, bar.end - before)
            return "\(place + 1) \(SVGText.fitted(bar.name, columns: 40)) (+\(Self.time(added)))"
        }
        if parts.count > 12 { parts.replaceSubrange(6..<parts.count - 6, with: ["…"]) }
        var lines = ["Critical chain, and by how much each moved the end:"]
        for (index, part) in parts.enumerated() {
            let piece = index == 0 ? " " + part : " → " + part
            if let line = lines.last, SVGText.width(line) + SVGText.width(piece) > columns {
                lines.append(piece)
            } else {
                lines[lines.count - 1] += piece
            }
        }
        return lines
    }
}
