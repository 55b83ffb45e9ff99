import Testing

@testable import Roost

@Suite struct PoolTests {
    @Test func noMoreThanTheMaximumRunAtOnce() async throws {
        try await withDeadline {
            let pool = makePool(3)
            let crowd = Crowd()
            for _ in 0..<50 { pool.submit { crowd.pass() } }
            // Each waits for the next wave: who is let in while three are there would be seen.
            for wave in 1...16 {
                try await eventually { crowd.arrived == wave * 3 }
                #expect(pool.queuedCount == 50 - wave * 3)
                crowd.letGo(3)
            }
            crowd.letGo(2)
            try await pool.done()
            #expect(crowd.most == 3)
            #expect(pool.activeThreads == 0)
            #expect(pool.queuedCount == 0)
            #expect(pool.threads.count <= 3)
        }
    }

    @Test func everyThreadIsUsedWhenBodiesBlock() async throws {
        try await withDeadline {
            let pool = makePool(4)
            let gate = Gate()
            let arrived = Log<Int>()
            for number in 0..<4 {
                pool.submit {
                    arrived.add(number)
                    gate.wait()
                }
            }
            try await eventually { arrived.count == 4 }
            #expect(pool.activeThreads == 4)
            gate.open()
            try await pool.done()
        }
    }

    @Test func priorityThenArrivalDecidesTheOrder() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let order = Log<String>()
            let priorities: [WorkerPriority] = [.low, .normal, .urgent, .background, .high, .urgent, .normal]
            for (number, priority) in priorities.enumerated() {
                scope.start("\(number)", options: .init(priority: priority)) { worker in order.add(worker.name) }
            }
            #expect(scope.pool.queuedWorkers.map(\.name) == ["2", "5", "4", "1", "6", "0", "3"])
            #expect(scope.pool.queuedCount == 7)
            gate.open()
            try await scope.drained()
            #expect(order.all == ["2", "5", "4", "1", "6", "0", "3"])
        }
    }

    @Test func trySubmitAndTryStartTakeOnlyAFreeThread() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let refused = scope.pool.trySubmit {}
            #expect(!refused.isAccepted)
            let error = #expect(throws: WorkerPoolError.self) { try scope.tryStart("no") { _ in } }
            #expect(error?.code == .noFreeThread)
            gate.open()
            try await scope.pool.done()
            let worker = try scope.tryStart("yes") { _ in 1 }
            try await expect(worker.value, equals: 1)
        }
    }

    @Test func aReservedThreadIsKeptFreeAndUsedFirst() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let pool = scope.pool
            pool.reserveThread()
            #expect(pool.activeThreads == 1)
            let order = Log<String>()
            let urgent = scope.start("urgent", options: .init(priority: .urgent)) { worker in order.add(worker.name) }
            // Whoever queues work starts a thread for it before it returns, if there is a place.
            #expect(pool.core.withState { $0.threadCount } == 0, "the only place is reserved")
            #expect(urgent.state == .queued)
            let reserved = try scope.startOnReservedThread("reserved") { worker in order.add(worker.name) }
            #expect(await reserved.endingKind == "finished")
            #expect(await urgent.endingKind == "finished")
            #expect(order.all == ["reserved", "urgent"])
            let error = #expect(throws: WorkerPoolError.self) { try scope.startOnReservedThread("none") { _ in } }
            #expect(error?.code == .nothingReserved)
            #expect(throws: WorkerPoolError.self) { try pool.releaseThread() }
            pool.reserveThread()
            let waiting = scope.start("waits for the release") { _ in }
            try pool.releaseThread()
            #expect(await waiting.endingKind == "finished")
        }
    }

    @Test func aQueuedWorkerCanBeTakenBack() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let other = makePool(1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let queued = scope.start("queued") { _ in Issue.record("it ran") }
            #expect(scope.pool.contains(queued))
            #expect(!other.contains(queued))
            #expect(!other.tryTake(queued), "not another pool's to take")
            #expect(scope.pool.queuedCount == 1)
            #expect(scope.pool.tryTake(queued))
            #expect(!scope.pool.tryTake(queued))
            #expect(!scope.pool.contains(queued))
            #expect(scope.pool.queuedCount == 0)
            #expect(await queued.endingKind == "stopped")
            #expect(!scope.pool.tryTake(busy[0]))
            gate.open()
        }
    }

    @Test func clearDropsWhatHasNotBegun() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let census = Census()
            let queued = (0..<20).map { number in scope.start("\(number)") { _ in Issue.record("it ran") } }
            do {
                let member = census.makeMember()
                scope.pool.submit { member.touch() }
            }
            #expect(scope.pool.clear() == 21)
            #expect(census.count == 0)
            for worker in queued { #expect(await worker.endingKind == "stopped") }
            #expect(scope.pool.queuedCount == 0)
            gate.open()
            #expect(await busy[0].endingKind == "finished")
        }
    }

    @Test func stopAllStopsWhatRunsAndWhatWaits() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 2)
            let running = [Gate(), Gate()]
            let workers = (0..<10).map { number in
                scope.start("\(number)") { worker in
                    if number < 2 { running[number].open() }
                    while true { try worker.checkpoint() }
                }
            }
            for gate in running { await gate.passed() }
            scope.pool.stopAll(.requested("all of them"))
            for worker in workers {
                await #expect(throws: StopError(.requested("all of them"))) { try await worker.value }
            }
        }
    }

    @Test func waitForDoneGivesUpInTimeAndIsRefusedToItsOwn() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let pool = scope.pool
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let early = try await onThread { try pool.waitForDone(within: .milliseconds(5)) }
            #expect(!early)
            let done = inBackground { try pool.waitForDone() }
            gate.open()
            let wasDone = try await done.value
            #expect(wasDone)
            let other = makePool(1)
            let worker = scope.start("waits for itself") { _ in
                #expect(throws: WorkerPoolError.self) { try pool.waitForDone() }
                try other.waitForDone()
            }
            #expect(await worker.endingKind == "finished")
            let peer = scope.start("waits for a peer") { _ in
                let error = #expect(throws: WorkerPoolError.self) { try worker.waitForEnding() }
                #expect(error?.code == .waitFromOwnWorker)
            }
            #expect(await peer.endingKind == "finished")
        }
    }

    @Test func doneEndsWithTheTaskThatWaits() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let pool = scope.pool
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let waiter = Task { try await pool.done() }
            try await eventually { pool.core.withState { $0.doneWaiters.count } == 1 }
            waiter.cancel()
            await #expect(throws: CancellationError.self) { try await waiter.value }
            gate.open()
        }
    }
}
