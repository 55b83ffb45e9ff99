/// Durations for people.
enum Amount {
    /// `340 µs`, `12 ms`, `1.2 s`, `3 min 20 s`.
    static func of(_ duration: Duration) -> String {
        let microseconds = Int64(clamping: duration.components.seconds).multipliedReportingOverflow(by: 1_000_000)
        guard !microseconds.overflow else { return "\(duration.components.seconds) s" }
        let all = microseconds.partialValue + duration.components.attoseconds / 1_000_000_000_000
        switch abs(all) {
        case ..<1_000: return "\(all) µs"
        case ..<10_000: return "\(all / 1_000).\(abs(all) / 100 % 10) ms"
        case ..<1_000_000: return "\(all / 1_000) ms"
        case ..<60_000_000: return "\(all / 1_000_000).\(abs(all) / 100_000 % 10) s"
        default: return "\(all / 60_000_000) min \(all / 1_000_000 % 60) s"
        }
    }
}
