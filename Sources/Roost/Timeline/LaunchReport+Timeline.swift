extension LaunchReport {
    /// The start as a picture: its stages, one after the other. Those that never began are left out.
    public var timeline: Timeline {
        var bars: [Timeline.Bar] = []
        for stage in stages {
            guard let began = stage.began else { continue }
            let detail =
                stage.outcome == .done ? "" : [stage.outcome.kind, stage.outcome.reason ?? ""].joined(separator: " ")
            let end = stage.ended ?? total
            bars.append(
                Timeline.Bar(
                    .stage, stage.name, detail: detail, begin: began, end: end, limit: stage.limit,
                    isLate: stage.outcome == .late || end - began > stage.limit,
                    waitsFor: bars.isEmpty ? [] : [bars.count - 1]))
        }
        return Timeline("\(program): the start", total: total, bars: bars)
    }
}
