import Glibc

/// A point on the system's monotonic clock, which no change of the wall clock moves.
///
/// Source: `CLOCK_MONOTONIC`; it stands still while the machine is suspended.
public struct MonotonicTime: Comparable, Hashable, Sendable {
    /// Nanoseconds since an arbitrary start.
    public let nanoseconds: Int64

    /// Creates a point from its nanoseconds.
    public init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    /// The present.
    public static var now: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The present as of the kernel's last tick, at most a few milliseconds ago; never ahead of ``now``.
    static var coarseNow: MonotonicTime {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC_COARSE, &time)
        return MonotonicTime(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// The point `duration` later; clamped to the clock's range.
    public static func + (time: MonotonicTime, duration: Duration) -> MonotonicTime {
        let (sum, overflow) = time.nanoseconds.addingReportingOverflow(duration.clampedNanoseconds)
        return MonotonicTime(nanoseconds: overflow ? (duration < .zero ? .min : .max) : sum)
    }

    /// The duration from `earlier` to `time`; clamped to the clock's range.
    public static func - (time: MonotonicTime, earlier: MonotonicTime) -> Duration {
        let (difference, overflow) = time.nanoseconds.subtractingReportingOverflow(earlier.nanoseconds)
        return .nanoseconds(overflow ? (time < earlier ? .min : .max) : difference)
    }

    public static func < (left: MonotonicTime, right: MonotonicTime) -> Bool {
        left.nanoseconds < right.nanoseconds
    }
}

extension Duration {
    /// Whole nanoseconds, clamped to what fits: a budget of ten thousand years is as good as for ever.
    package var clampedNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (scaled, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        guard !overflow else { return seconds < 0 ? .min : .max }
        let (sum, carry) = scaled.addingReportingOverflow(attoseconds / 1_000_000_000)
        return carry ? (seconds < 0 ? .min : .max) : sum
    }

    /// Seconds as a floating-point number, for rates and for people.
    package var secondsValue: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }

    /// `1.2 s`, `35 ms`, `800 µs`: two significant places, for messages.
    package var short: String {
        let nanoseconds = clampedNanoseconds
        func tenths(_ value: Int64, _ unit: Int64, _ name: String) -> String {
            let scaled = (value * 10 + unit / 2) / unit
            if scaled >= 100 || scaled % 10 == 0 { return "\((scaled + (scaled >= 100 ? 5 : 0)) / 10) \(name)" }
            return "\(scaled / 10).\(scaled % 10) \(name)"
        }
        switch nanoseconds {
        case ..<0: return "0 s"
        case ..<1_000: return "\(nanoseconds) ns"
        case ..<1_000_000: return tenths(nanoseconds, 1_000, "µs")
        case ..<1_000_000_000: return tenths(nanoseconds, 1_000_000, "ms")
        case ..<(Int64.max / 20): return tenths(nanoseconds, 1_000_000_000, "s")
        default: return "for ever"
        }
    }
}
