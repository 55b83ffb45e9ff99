import CBench
import Glibc

nonisolated public func yieldThread() { sched_yield() }

public func latencyValues(_ micros: [Double]) -> Values {
    let sorted = micros.sorted()
    return ["us": sorted[sorted.count / 2], "p99_us": sorted[sorted.count * 99 / 100]]
}

/// What a 10 µs task takes inline: the ideal.
public func inlineNanoseconds() -> Double {
    let begin = now()
    for _ in 0..<5_000 { busy10Microseconds() }
    return Double(now() - begin) / 5_000
}

public func efficiencyValues(each: Double, count: Int, took: UInt64) -> Values {
    ["efficiency": each * Double(count) / 2 / Double(took), "inline_ns": each]
}

/// 10,000 queued and 2 running, and a stop.
///
/// - `submit` hands over a body; the two running ones poll `stopped`.
/// - `drop` is the peer's own way to drop what is queued, and sets `stopped` where its documentation would have it.
/// - `wait` returns once both running bodies have ended and the queue is gone.
/// - `check` is called after the clock was stopped.
public struct StopRound {
    public let stopped = Flag()
    public let stopping = Flag()
    public let started = Gate()
    public let late = Counter()
    public init() {}

    @inlinable public var runningBody: @Sendable () -> Void {
        { [started, stopped] in
            started.post()
            while !stopped.isSet {}
        }
    }
    @inlinable public var queuedBody: @Sendable () -> Void {
        { [stopping, late] in if stopping.isSet { late.add() } }
    }

    public static func measure(
        _ repeats: Int, submit: (StopRound, _ running: Bool) -> Void, stop: (StopRound) -> Void, wait: (StopRound) -> Void,
        check: () -> Void = {}
    ) -> Values {
        var micros = [Double]()
        var entered = 0
        for r in -2..<repeats {
            let round = StopRound()
            for _ in 0..<2 { submit(round, true) }
            for _ in 0..<2 { round.started.wait() }
            for _ in 0..<10_000 { submit(round, false) }
            let begin = now()
            round.stopping.set()  // what enters from here on is counted
            stop(round)
            wait(round)
            let took = Double(now() - begin) / 1e3
            if r >= 0 {
                micros.append(took)
                entered = max(entered, round.late.count)
            }
            check()
        }
        return ["us": micros.median, "entered": Double(entered)]
    }
}

/// The loop of about a nanosecond with one check in it; the best of five, since anything else is someone else's time.
@inlinable @inline(__always)
public func flagLoop(_ count: Int, _ isStopped: () throws -> Bool) rethrows -> Values {
    var best = Double.infinity
    for _ in 0..<5 {
        var x: UInt64 = 1
        let begin = now()
        for _ in 0..<count {
            if try isStopped() { break }
            x = bench_step(x)
        }
        best = min(best, Double(now() - begin) / Double(count))
    }
    return ["ns": best]
}
