import BenchSupport

/// Children of a task group, on Swift's own cooperative pool: as many threads as processors, two here.
enum TaskGroupPeer {
    @MainActor static func measure(_ name: String, _ counts: Counts) -> Values? {
        switch name {
        case "empty1": empty(counts.empty, producers: 1)
        case "empty1-discarding": emptyDiscarding(counts.empty)
        case "empty4": empty(counts.empty, producers: 4)
        case "latency": latency(counts.latency, poolCore: 1)
        case "latency1": latency(counts.latency, poolCore: 0)
        case "await": awaited(counts.latency)
        case "efficiency": efficiency(counts.efficiency)
        case "stop": stop(counts.stops)
        case "queued": queued(counts.queuedWorkers)
        case "growth": growth(counts.growth)
        default: nil
        }
    }

    static func children(_ count: Int) async {
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<count { group.addTask {} }
            await group.waitForAll()
        }
    }

    static func empty(_ count: Int, producers: Int) -> Values {
        runBlocking {
            await children(50_000)
            let begin = now()
            if producers == 1 {
                await children(count)
            } else {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<producers { group.addTask { await children(count / producers) } }
                    await group.waitForAll()
                }
            }
            return ["ns": Double(now() - begin) / Double(count)]
        }
    }

    static func emptyDiscarding(_ count: Int) -> Values {
        runBlocking {
            await children(50_000)
            let begin = now()
            await withDiscardingTaskGroup { group in
                for _ in 0..<count { group.addTask {} }
            }
            return ["ns": Double(now() - begin) / Double(count)]
        }
    }

    static func latency(_ count: Int, poolCore: Int) -> Values {
        measureLatency(count, poolCore: poolCore) { body in Task.detached { body() } }
    }

    static func awaited(_ count: Int) -> Values {
        measureAwait(count) { _ in await Task.detached {}.value }
    }

    static func efficiency(_ count: Int) -> Values {
        let each = inlineNanoseconds()
        return runBlocking {
            func run(_ count: Int) async {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<count { group.addTask { busy10Microseconds() } }
                    await group.waitForAll()
                }
            }
            await run(2_000)
            let begin = now()
            await run(count)
            return efficiencyValues(each: each, count: count, took: now() - begin)
        }
    }

    /// Cancelling the task that owns the group. Nothing drops a queued child: every one is entered and has to look for itself.
    static func stop(_ repeats: Int) -> Values {
        var micros = [Double]()
        var entered = 0
        for r in -2..<repeats {
            let started = Gate()
            let queued = Gate()
            let ended = Gate()
            let stopping = Flag()
            let late = Counter()
            let owner = Task.detached {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<2 {
                        group.addTask {
                            started.post()
                            while !Task.isCancelled {}
                        }
                    }
                    for _ in 0..<10_000 {
                        group.addTask { if stopping.isSet { late.add() } }
                    }
                    queued.post()
                    await group.waitForAll()
                }
                ended.post()
            }
            queued.wait()
            for _ in 0..<2 { started.wait() }
            let begin = now()
            stopping.set()
            owner.cancel()
            ended.wait()
            if r >= 0 {
                micros.append(Double(now() - begin) / 1e3)
                entered = max(entered, late.count)
            }
        }
        return ["us": micros.median, "entered": Double(entered)]
    }

    /// Two tasks hold the pool's threads while the main actor adds the children.
    @MainActor static func queued(_ count: Int) -> Values {
        let gate = Gate()
        let started = Gate()
        for _ in 0..<2 {
            Task.detached {
                started.post()
                gate.wait()
            }
        }
        for _ in 0..<2 { started.wait() }
        let done = Flag()
        let measured = Counter()
        Task { @MainActor in
            let before = Memory.resident
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<count { group.addTask {} }
                measured.add(Int((Memory.resident - before) * 1024))
                gate.post()
                gate.post()
                await group.waitForAll()
            }
            done.set()
        }
        var loop = MainLoop()
        loop.serve(until: done)
        return ["bytes": Double(measured.count) / Double(count)]
    }

    static func growth(_ count: Int) -> Values {
        runBlocking {
            var growth = Growth(tasks: count)
            for batch in growth.range {
                await children(Growth.batch)
                growth.look(after: batch)
            }
            return growth.values
        }
    }
}
