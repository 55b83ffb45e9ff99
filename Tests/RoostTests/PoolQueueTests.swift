import RoostTesting
import Testing

@testable import Roost

/// Bounded queues, limits per scope, and the end of a pool.
@Suite struct PoolQueueTests {
    private func boundedScope(threads: Int = 1, capacity: Int) -> WorkerScope {
        WorkerScope("bounded", pool: makePool(threads, queueCapacity: capacity), root: WorkRoot())
    }

    @Test func aFullQueueRefusesWithAClearError() async throws {
        try await withDeadline {
            let scope = boundedScope(capacity: 3)
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let waiting = (0..<3).map { number in scope.start("\(number)") { _ in } }
            let refused = scope.start("too many") { _ in Issue.record("it ran") }
            let error = await #expect(throws: WorkerPoolError.self) { try await refused.value }
            #expect(error?.code == .queueFull)
            #expect("\(error!)".contains("all 3 places"))
            #expect(!scope.pool.submit {}.isAccepted)
            gate.open()
            for worker in waiting { #expect(await worker.endingKind == "finished") }
        }
    }

    @Test func theBoundHoldsAlsoBeforeTheFirstThreadRuns() async throws {
        try await withDeadline {
            let pool = makePool(1, queueCapacity: 2)
            let gate = Gate()
            let accepted = (0..<1_000).count { _ in pool.submit { gate.wait() }.isAccepted }
            // Two wait, one is the thread's, and one may have been taken in for the place that became free by that.
            #expect((3...4).contains(accepted))
            gate.open()
            try await pool.done()
        }
    }

    @Test func withoutPlacesWorkRunsAtOnceOrNotAtAll() async throws {
        try await withDeadline {
            let scope = boundedScope(capacity: 0)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            #expect(!scope.pool.submit {}.isAccepted)
            let pool = scope.pool
            let ran = Gate()
            let waiter = Task { try await pool.submitWhenRoom { ran.open() } }
            gate.open()
            try await waiter.value
            await ran.passed()
            #expect(await busy[0].endingKind == "finished")
        }
    }

    @Test func whoeverWaitsForRoomGetsItInTime() async throws {
        try await withDeadline {
            let scope = boundedScope(threads: 2, capacity: 2)
            let pool = scope.pool
            let count = scaled(500)
            let ran = Locked(0)
            let producers = (0..<4).map { _ in
                Task {
                    for _ in 0..<count { try await pool.submitWhenRoom { ran.withLock { $0 += 1 } } }
                }
            }
            let workers = Task {
                for number in 0..<count {
                    let worker = try await scope.startWhenRoom("\(number)") { _ in number }
                    #expect(worker.name == "\(number)")
                }
            }
            for producer in producers { try await producer.value }
            try await workers.value
            try await pool.done()
            #expect(ran.withLock { $0 } == 4 * count)
            try await scope.drained()
        }
    }

    @Test func waitingForRoomEndsWithTheTaskAndWithThePool() async throws {
        try await withDeadline {
            let scope = boundedScope(capacity: 0)
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let pool = scope.pool
            let cancelled = Task { try await scope.startWhenRoom("cancelled") { _ in } }
            try await eventually { pool.core.withState { $0.roomWaiters.count } == 1 }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
            let refused = Task { try await pool.submitWhenRoom {} }
            try await eventually { pool.core.withState { $0.roomWaiters.count } == 1 }
            pool.core.refuse(true)
            let error = await #expect(throws: WorkerPoolError.self) { try await refused.value }
            #expect(error?.code == .closed)
            gate.open()
            try await scope.drained()
        }
    }

    @Test func aRefusingPoolBeginsNothingAndItsThreadsSleep() async throws {
        try await withDeadline {
            let pool = makePool(1)
            let gate = Gate()
            let running = Gate()
            let ran = Gate()
            pool.submit {
                running.open()
                gate.wait()
            }
            await running.passed()
            pool.submit { ran.open() }
            pool.core.refuse(true)
            let late = pool.submit {}
            #expect(!late.isAccepted)
            gate.open()
            try await eventually { pool.core.withState { $0.idle.count } == 1 }
            #expect(!ran.isOpen)
            pool.core.refuse(false)
            await ran.passed()
        }
    }

    @Test func aScopesLimitHoldsAndTheOthersComeInTurn() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 4, limit: 2)
            let crowd = Crowd()
            for number in 0..<40 { scope.start("\(number)") { _ in crowd.pass() } }
            for wave in 1...20 {
                try await eventually { crowd.arrived == wave * 2 }
                crowd.letGo(2)
            }
            try await scope.drained()
            #expect(crowd.most == 2)
        }
    }

    @Test func behindALimitTheFirstToComeIsTheFirstToGo() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 4, limit: 1)
            let order = Log<Int>()
            for number in 0..<scaled(2_000) { scope.start("\(number)") { _ in order.add(number) } }
            try await scope.drained()
            #expect(order.all == Array(0..<scaled(2_000)))
        }
    }

    @Test func whoComesWhileThePoolIsFullWaitsBehindTheOthers() async throws {
        try await withDeadline {
            let pool = makePool(2, queueCapacity: 1)
            let limited = WorkerScope("limited", pool: pool, limit: 1, root: WorkRoot())
            let other = WorkerScope("other", pool: pool, root: WorkRoot())
            let (gate, otherGate) = (Gate(), Gate())
            let order = Log<String>()
            let start = { @Sendable (name: String) in limited.start(name) { worker in order.add(worker.name) } }
            let first = await limited.occupy(1, until: gate)[0]
            _ = await other.occupy(1, until: otherGate)
            let queued = other.start("queued") { worker in order.add(worker.name) }
            let waiting = ["1", "2", "3"].map(start)
            // The place that the first one gives back in the pool is kept for somebody else, and the pool's queue is full.
            pool.reserveThread()
            gate.open()
            #expect(await first.endingKind == "finished")
            try await eventually { limited.core.state.withLock { $0.waitsForPoolRoom } }
            // Who comes now is not refused in place of those who wait, and does not overtake them.
            let last = start("last")
            #expect(last.state == .queued)
            // An ending behind a full queue does not begin a second wait for room.
            waiting[1].stop()
            #expect(pool.core.withState { $0.roomWaiters.count } == 1)
            try pool.releaseThread()
            try await limited.drained()
            #expect(await queued.endingKind == "finished")
            #expect(order.all == ["queued", "1", "3", "last"])
            otherGate.open()
        }
    }

    @Test func limitsMayBeAsLargeAsANumberCanBe() async throws {
        try await withDeadline {
            let endless = makePool(1, queueCapacity: .max)
            let wide = makePool(.max, queueCapacity: 1)
            for pool in [endless, wide] {
                let ran = Gate()
                #expect(pool.submit { ran.open() }.isAccepted)
                await ran.passed()
                try await pool.done()
            }
        }
    }

    @Test func aWorkerThatWaitsInItsScopeOutlastsAFullQueue() async throws {
        try await withDeadline {
            let pool = makePool(1, queueCapacity: 1)
            let limited = WorkerScope("limited", pool: pool, limit: 1, root: WorkRoot())
            let other = WorkerScope("other", pool: pool, root: WorkRoot())
            let gate = Gate()
            let first = await limited.occupy(1, until: gate)[0]
            let second = limited.start("second") { _ in 2 }
            let filler = other.start("filler") { _ in }
            gate.open()
            #expect(await first.endingKind == "finished")
            try await expect(second.value, equals: 2)
            #expect(await filler.endingKind == "finished")
        }
    }

    @Test func thePoolKnowsWhoWaitsBehindALimit() async throws {
        try await withDeadline {
            let pool = makePool(2)
            let scope = WorkerScope("limited", pool: pool, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)[0]
            let waiting = (0..<4).map { number in scope.start("\(number)") { _ in Issue.record("it ran") } }
            #expect(pool.queuedWorkers.map(\.name) == ["0", "1", "2", "3"])
            #expect(pool.queuedCount == 0)
            #expect(pool.contains(waiting[0]) && !pool.contains(busy))
            #expect(pool.tryTake(waiting[0]) && !pool.tryTake(waiting[0]) && !pool.tryTake(busy))
            #expect(await waiting[0].endingKind == "stopped")
            #expect(!pool.contains(waiting[0]))
            #expect(pool.clear() == 3)
            for worker in waiting { #expect(await worker.endingKind == "stopped") }
            gate.open()
            #expect(await busy.endingKind == "finished")
            try await expect(scope.start("last") { _ in 1 }.value, equals: 1)
        }
    }

    @Test func stoppingThePoolStopsWhoWaitsBehindALimit() async throws {
        try await withDeadline {
            let pool = makePool(1)
            let scope = WorkerScope("limited", pool: pool, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)[0]
            let waiting = scope.start("waiting") { _ in Issue.record("it ran") }
            pool.stopAll()
            #expect(await waiting.endingKind == "stopped")
            gate.open()
            _ = await busy.ending
        }
    }

    @Test func aLimitedScopeHoldsBackWhoWaitsForRoom() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 4, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let started = Log<Int>()
            let producer = Task {
                for number in 0..<50 {
                    _ = try await scope.startWhenRoom("\(number)") { _ in number }
                    started.add(number)
                }
            }
            // One runs, one is held by whoever waits for room.
            try await eventually { scope.roomWaiters == 1 }
            #expect(started.count == 0 && scope.workers.count == 2)
            gate.open()
            try await producer.value
            #expect(started.count == 50)
            try await scope.drained()
            _ = busy
        }
    }

    @Test func aCancelledWaitForRoomDoesNotKeepTheNextOne() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let waiters = (0..<8).map { number in
                Task { try await scope.startWhenRoom("\(number)") { _ in number }.value }
            }
            try await eventually { scope.roomWaiters == 8 }
            for index in stride(from: 0, to: 8, by: 2) { waiters[index].cancel() }
            for index in stride(from: 0, to: 8, by: 2) {
                await #expect(throws: CancellationError.self) { _ = try await waiters[index].value }
            }
            gate.open()
            for index in stride(from: 1, to: 8, by: 2) { try await expect(waiters[index].value, equals: index) }
            _ = busy
        }
    }

    @Test(arguments: [true, false]) func whoWaitsForRoomIsLetGoByAStopAndAClose(_ closes: Bool) async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)[0]
            let waiter = Task { try await scope.startWhenRoom("waits") { _ in Issue.record("it ran") } }
            try await eventually { scope.roomWaiters == 1 }
            // The busy one ignores it: nothing frees a place.
            if closes { scope.cut() } else { scope.stop() }
            let handle = try await waiter.value
            #expect(await handle.endingKind == "stopped")
            gate.open()
            _ = await busy.ending
        }
    }

    @Test func aWorkerBetweenTheQueuesIsKnownAndTakenBack() async throws {
        try await withDeadline {
            let pool = makePool(2, queueCapacity: 1)
            let limited = WorkerScope("limited", pool: pool, limit: 1)
            let other = WorkerScope("other", pool: pool)
            let (gate, otherGate) = (Gate(), Gate())
            let first = await limited.occupy(1, until: gate)[0]
            let busy = await other.occupy(1, until: otherGate)[0]
            let queued = other.start("queued") { _ in }
            let second = limited.start("second") { _ in Issue.record("it ran") }
            // The place that the first one gives back in the pool is kept for somebody else.
            pool.reserveThread()
            gate.open()
            #expect(await first.endingKind == "finished")
            try await eventually { pool.contains(second) && pool.queuedWorkers.map(\.name) == ["queued", "second"] }
            #expect(pool.clear() == 2)
            #expect(await second.endingKind == "stopped")
            #expect(await queued.endingKind == "stopped")
            otherGate.open()
            _ = await busy.ending
            try pool.releaseThread()
            try await expect(limited.start("last") { _ in 1 }.value, equals: 1)
        }
    }

    @Test func everyFormOfABodyMayWaitForRoom() async throws {
        try await withDeadline {
            let scope = makeScope()
            let own = try await scope.startWhenRoom("own", reporting: Int.self) { worker in worker.report(1) }
            let async = try await scope.startWhenRoom("async") { worker async throws in
                try await worker.checkpoint()
                return 2
            }
            let both = try await scope.startWhenRoom("both", reporting: Int.self) { worker async throws in
                worker.report(3)
                return 3
            }
            try await own.value
            try await expect(async.value, equals: 2)
            try await expect(both.value, equals: 3)
        }
    }

    @Test func aPlacementIsForEveryFormOfABody() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)[0]
            let refused = scope.start("refused", reporting: Int.self, options: .init(placement: .onlyIfThreadIsFree)) {
                worker async throws in worker.report(1)
            }
            await #expect(throws: WorkerPoolError.self) { try await refused.value }
            let unreserved = scope.start("unreserved", options: .init(placement: .onReservedThread)) { _ in }
            await #expect(throws: WorkerPoolError.self) { try await unreserved.value }
            gate.open()
            _ = await busy.ending
            scope.pool.reserveThread()
            let reserved = scope.start("reserved", options: .init(placement: .onReservedThread)) { _ in 5 }
            try await expect(reserved.value, equals: 5)
        }
    }

    @Test func theWorkersStoppedBehindALimitAreLetGo() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1, limit: 1)
            let census = Census()
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)[0]
            for number in 0..<1_000 {
                let member = census.makeMember()
                scope.start("\(number)") { _ in member.touch() }.stop()
            }
            try await eventually { census.count <= 200 }
            gate.open()
            _ = await busy.ending
            try await eventually { census.count == 0 }
            withExtendedLifetime(scope) {}
        }
    }

    @Test func stoppedWhileWaitingInTheScopeNeverRuns() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let waiting = (0..<50).map { number in scope.start("\(number)") { _ in Issue.record("it ran") } }
            for worker in waiting { worker.stop() }
            for worker in waiting { #expect(await worker.endingKind == "stopped") }
            let last = scope.start("last") { _ in 1 }
            gate.open()
            #expect(await busy[0].endingKind == "finished")
            try await expect(last.value, equals: 1)
        }
    }

    @Test func aClosedPoolEndsEveryWaitingWorkerWithoutRecursion() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1, limit: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let waiting = (0..<scaled(20_000)).map { number in scope.start("waits") { _ in Issue.record("it ran") } }
            scope.pool.core.refuse(true)
            gate.open()
            #expect(await busy[0].endingKind == "finished")
            for worker in waiting { #expect(await worker.endingKind == "stopped") }
            try await scope.drained()
        }
    }

    @Test func aDroppedPoolStopsWhatWaitsAndLetsBodiesEnd() async throws {
        try await withDeadline {
            let gate = Gate()
            let running = Gate()
            let finished = Gate()
            let census = Census()
            var pool: WorkerPool? = makePool(1)
            let core = WeakReference(pool!.core)
            pool?.submit {
                running.open()
                gate.wait()
                finished.open()
            }
            await running.passed()
            do {
                let member = census.makeMember()
                pool?.submit { member.touch() }
            }
            #expect(census.count == 1)
            pool = nil
            #expect(census.count == 0, "what waited is let go")
            gate.open()
            await finished.passed()
            try await eventually { core.object == nil }
        }
    }
}
