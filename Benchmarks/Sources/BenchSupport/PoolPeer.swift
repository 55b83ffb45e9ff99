import Synchronization

/// A pool of two workers as the workloads see it.
public protocol PoolPeer: Sendable {
    /// The cheapest way to hand over a closure that does nothing.
    func submitEmpty()
    func submit(_ body: @escaping @Sendable () -> Void)
    /// Returns once everything submitted has run, the way the pool itself offers it.
    func waitUntilDone()
}

// The same workloads, in the same order and with the same counts, as Peers/cpp/bench.hpp has: change both together.
extension PoolPeer {
    @inlinable public func empty(_ count: Int, producers: Int) -> Values {
        for _ in 0..<50_000 { submitEmpty() }
        waitUntilDone()
        let begin: UInt64
        if producers == 1 {
            begin = now()
            for _ in 0..<count { submitEmpty() }
        } else {
            let go = Flag()
            let ready = Gate()
            let joins = (0..<producers).map { _ in
                startThread {
                    ready.post()
                    while !go.isSet { yieldThread() }
                    for _ in 0..<count / producers { self.submitEmpty() }
                }
            }
            for _ in 0..<producers { ready.wait() }
            begin = now()
            go.set()
            for join in joins { join() }
        }
        waitUntilDone()
        return ["ns": Double(now() - begin) / Double(count)]
    }

    @inlinable public func latency(_ count: Int, poolCore: Int) -> Values {
        measureLatency(count, poolCore: poolCore) { submit($0) }
    }

    @inlinable public func efficiency(_ count: Int) -> Values {
        let each = inlineNanoseconds()
        for _ in 0..<2_000 { submit(busy10Microseconds) }
        waitUntilDone()
        let begin = now()
        for _ in 0..<count { submit(busy10Microseconds) }
        waitUntilDone()
        return efficiencyValues(each: each, count: count, took: now() - begin)
    }

    @inlinable public func queued(_ count: Int) -> Values {
        for _ in 0..<1_000 { submitEmpty() }
        waitUntilDone()
        let gate = Gate()
        let started = Gate()
        for _ in 0..<2 {
            submit {
                started.post()
                gate.wait()
            }
        }
        for _ in 0..<2 { started.wait() }
        let before = Memory.resident
        for _ in 0..<count { submitEmpty() }
        let after = Memory.resident
        gate.post()
        gate.post()
        waitUntilDone()
        return ["bytes": (after - before) * 1024 / Double(count)]
    }

    @inlinable public func growth(_ count: Int) -> Values {
        var growth = Growth(tasks: count)
        for batch in growth.range {
            for _ in 0..<Growth.batch { submitEmpty() }
            waitUntilDone()
            growth.look(after: batch)
        }
        return growth.values
    }

    /// The benchmarks every pool has; nil for another name.
    @inlinable public func common(_ name: String, _ counts: Counts) -> Values? {
        switch name {
        case "empty1": empty(counts.empty, producers: 1)
        case "empty4": empty(counts.empty, producers: 4)
        case "latency": latency(counts.latency, poolCore: 1)
        case "latency1": latency(counts.latency, poolCore: 0)
        case "efficiency": efficiency(counts.efficiency)
        case "queued": queued(counts.queued)
        case "growth": growth(counts.growth)
        default: nil
        }
    }
}
