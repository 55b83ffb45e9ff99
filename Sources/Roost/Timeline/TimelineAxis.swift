/// A time axis with round numbers: which range it has, where its marks are and what stands at them.
struct TimelineAxis {
    /// The time at the right end, above zero.
    let range: Duration
    /// The marks, from zero; those at or before the right end.
    let marks: [(time: Duration, label: String)]

    /// Steps are 1, 2 or 5 times a power of ten of the unit; the marks are at most this many beside zero.
    private static let mostMarks = 10

    init(total: Duration, limit: Duration?) {
        // A limit far to the right would leave a stump of the bars; it is told in words then.
        let shown = limit.flatMap { $0.secondsValue <= total.secondsValue * 1.5 ? $0 : nil } ?? .zero
        let longest = max(total, shown)
        let range = longest > .zero ? longest : .milliseconds(1)
        self.range = range
        let nanoseconds = range.clampedNanoseconds
        let unit = TimeUnit(for: nanoseconds)
        let step = Self.step(for: nanoseconds, unit: unit)
        marks = (0...nanoseconds / step).map { index in
            (.nanoseconds(index * step), index == 0 ? "0" : unit.text(index * step, step: step))
        }
    }

    /// True when the time has a place on the axis.
    func shows(_ time: Duration) -> Bool { time <= range }

    /// The place of a time, from 0 at the left to 1 at the right end.
    func place(of time: Duration) -> Double {
        min(1, max(0, Double(time.clampedNanoseconds) / Double(range.clampedNanoseconds)))
    }

    /// The smallest round step that does not give too many marks. A tenth of a unit at the least, so that one place after
    /// the point is enough; of nanoseconds a whole one.
    private static func step(for range: Int64, unit: TimeUnit) -> Int64 {
        var power = max(1, unit.nanoseconds / 10)
        while true {
            for factor: Int64 in [1, 2, 5] {
                // Whoever has a range of centuries gets a step that fits.
                let (step, overflow) = power.multipliedReportingOverflow(by: factor)
                if overflow || range / step <= Int64(mostMarks) { return overflow ? range : step }
            }
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            if overflow { return range }
            power = next
        }
    }
}

/// The unit that all marks of an axis have.
private struct TimeUnit {
    let nanoseconds: Int64
    let name: String

    init(for range: Int64) {
        switch range {
        case ..<2_000: self.init(1, "ns")
        case ..<2_000_000: self.init(1_000, "µs")
        case ..<1_000_000_000: self.init(1_000_000, "ms")
        case ..<300_000_000_000: self.init(1_000_000_000, "s")
        case ..<18_000_000_000_000: self.init(60_000_000_000, "min")
        default: self.init(3_600_000_000_000, "h")
        }
    }

    private init(_ nanoseconds: Int64, _ name: String) {
        self.nanoseconds = nanoseconds
        self.name = name
    }

    /// With a place after the point if the steps have one, then everywhere.
    func text(_ time: Int64, step: Int64) -> String {
        guard step % nanoseconds != 0 else { return "\(time / nanoseconds) \(name)" }
        let tenths = time / (nanoseconds / 10)
        return "\(tenths / 10).\(tenths % 10) \(name)"
    }
}
