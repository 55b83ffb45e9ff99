import CBench
import Glibc

nonisolated public func yieldThread() { sched_yield() }

/// One task at a time, whose body posts a semaphore that this thread waits on. This thread is on core 0; the pool's threads, which
/// the warm-up starts, on `poolCore`. Left to itself the scheduler puts both on one core or on two, for a whole run, by chance.
@inlinable public func measureLatency(
    _ count: Int, poolCore: Int, submit: (@escaping @Sendable () -> Void) -> Void
) -> Values {
    let done = Gate()
    var micros = [Double]()
    micros.reserveCapacity(count)
    pinThread(poolCore)
    for i in -2_000..<count {
        if i == -1_000 { pinThread(0) }
        let begin = now()
        submit { done.post() }
        done.wait()
        if i >= 0 { micros.append(Double(now() - begin) / 1e3) }
    }
    return latencyValues(micros)
}

/// One `await` of a value at a time, from a task of its own.
public func measureAwait(_ count: Int, _ body: @escaping @Sendable (Int) async -> Void) -> Values {
    runBlocking {
        var micros = [Double]()
        for i in -2_000..<count {
            let begin = now()
            await body(i)
            if i >= 0 { micros.append(Double(now() - begin) / 1e3) }
        }
        return latencyValues(micros)
    }
}

nonisolated public func pinThread(_ core: Int) { bench_pin(Int32(core)) }

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
/// Every body captures one object, this one.
public final class StopRound: Sendable {
    public let stopped = Flag()
    public let stopping = Flag()
    public let started = Gate()
    public let late = Counter()
    public init() {}

    @inlinable public var runningBody: @Sendable () -> Void {
        {
            self.started.post()
            while !self.stopped.isSet {}
        }
    }
    @inlinable public var queuedBody: @Sendable () -> Void {
        { if self.stopping.isSet { self.late.add() } }
    }

    public static func measure(
        _ repeats: Int, submit: (StopRound, _ running: Bool) -> Void, stop: (StopRound) -> Void,
        wait: (StopRound) -> Void,
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
