import Roost
import ThumbnailKit

/// The counts of a run.
struct Tally {
    private(set) var made = 0
    private(set) var fresh = 0
    private(set) var failed = 0

    var done: Int { made + fresh + failed }

    mutating func add(_ outcome: ThumbnailOutcome) {
        switch outcome.result {
        case .made: made += 1
        case .fresh: fresh += 1
        case .failed: failed += 1
        }
    }

    /// A folder that could not be read, or a worker that failed.
    mutating func addFailure() {
        failed += 1
    }

    /// `312 made, 4 fresh, 3 failed in 4.2 s (75/s)`
    func line(after duration: Duration) -> String {
        let seconds = Self.seconds(duration)
        let rate = seconds > 0 ? Int((Double(made) / seconds).rounded()) : 0
        return "\(made) made, \(fresh) fresh, \(failed) failed in \(Self.oneDecimal(seconds)) s (\(rate)/s)"
    }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
    }

    static func oneDecimal(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }
}
