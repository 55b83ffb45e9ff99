import BenchSupport
import Glibc

/// What each round trip took, in µs, after a tenth of them to warm up.
struct RoundTrips {
    private let count: Int
    private var left: Int
    private var micros: [Double] = []

    init(_ count: Int) {
        self.count = count
        left = count / 10
        micros.reserveCapacity(count)
    }

    var range: Range<Int> { -(count / 10)..<count }

    mutating func add(_ nanoseconds: UInt64) {
        left -= 1
        if left < 0 { micros.append(Double(nanoseconds) / 1e3) }
    }

    /// The line of JSON that the driver reads.
    func say() {
        print("{\"us\": \(micros.median), \"p99_us\": \(micros.sorted()[count * 99 / 100])}")
        fflush(nil)
    }
}
