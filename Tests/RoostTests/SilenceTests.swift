import RoostTesting
import Synchronization
import Testing

@testable import Roost

/// G2: once `close()` of a scope has returned, no callback of it begins and no iterator of it returns an element on the
/// executor that closed it; elsewhere the same holds once `closed` has returned.
@Suite struct SilenceTests {
    /// Reports as fast as it can until it is stopped.
    private static func flood(_ scope: WorkerScope, _ name: String = "flood") -> WorkerHandle<Void, Int> {
        scope.start(name, reporting: Int.self) { worker in
            for number in 0... {
                try worker.checkpoint()
                worker.report(number)
            }
        }
    }

    @Test func noMainActorCallbackBeginsAfterClose() async throws {
        try await withDeadline { @MainActor in
            for _ in 0..<scaled(20) {
                let scope = makeScope()
                let isClosed = Atomic<Bool>(false)
                let late = Atomic<Int>(0)
                let first = Gate()
                let flood = Self.flood(scope)
                flood.onUpdate { _ in
                    if isClosed.load(ordering: .relaxed) { late.wrappingAdd(1, ordering: .relaxed) }
                    first.open()
                }
                flood.onEnd { _ in late.wrappingAdd(1, ordering: .relaxed) }
                await first.passed()
                scope.cut()
                isClosed.store(true, ordering: .relaxed)
                _ = await flood.ending
                // Everything that was on its way to the main actor has had its turn once this has.
                let settled = Gate()
                TaskPort.main.post { settled.open() }
                await settled.passed()
                #expect(late.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test func noMainActorIteratorReturnsAnElementAfterClose() async throws {
        try await withDeadline { @MainActor in
            for round in 0..<scaled(40) {
                let scope = makeScope()
                let isClosed = Locked(false)
                var late = 0
                var seen = 0
                let flood = Self.flood(scope)
                let sender = scope.start("sender", reporting: Int.self) { worker in
                    for number in 0... { try worker.send(number) }
                }
                let readers = [
                    Task {
                        for await _ in flood.updates {
                            if isClosed.withLock({ $0 }) { late += 1 }
                            seen += 1
                        }
                    },
                    Task {
                        for await _ in sender.sent {
                            if isClosed.withLock({ $0 }) { late += 1 }
                            seen += 1
                        }
                    },
                    Task {
                        // The form without an isolation parameter is the caller's, too.
                        var iterator = flood.updates.makeAsyncIterator()
                        while await iterator.next() != nil { if isClosed.withLock({ $0 }) { late += 1 } }
                    },
                ]
                while seen < 5 * (round % 5) { await Task.yield() }
                scope.cut()
                isClosed.withLock { $0 = true }
                for reader in readers { await reader.value }
                #expect(late == 0)
            }
        }
    }

    /// The wait inside `next` has ended, the hop back to the reader has not: the close comes in between.
    @Test func anElementThatIsOnItsWayWhenTheScopeClosesIsNotReturned() async throws {
        try await withDeadline { @MainActor in
            let scope = makeScope()
            let mayReport = Gate()
            let reported = Gate()
            let worker = scope.start("reports once", reporting: Int.self) { worker in
                mayReport.wait()
                worker.report(1)
                reported.open()
                try worker.sleep(for: .seconds(1_000))
            }
            let isReading = Gate()
            let reader = Task { @MainActor in
                var iterator = worker.updates.makeAsyncIterator()
                isReading.open()
                return await iterator.next()
            }
            await isReading.passed()
            await Task.yield()
            // Blocks the main actor until the report has woken the reader, which can then not get here before the close.
            mayReport.open()
            Self.block(until: reported)
            scope.cut()
            #expect(await reader.value == nil)
        }
    }

    private nonisolated static func block(until gate: Gate) {
        gate.wait()
    }

    @Test func closedWaitsForACallbackThatRunsElsewhere() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = TaskPort.executor(makePool(1, name: "receiver"))
            let running = Gate()
            let release = Gate()
            let log = Log<String>()
            let worker = Self.flood(scope)
            worker.onUpdate(on: port) { _ in
                running.open()
                release.wait()
                log.add("callback ends")
            }
            await running.passed()
            scope.cut()
            _ = await worker.ending
            let closed = Task {
                _ = await scope.closed
                log.add("closed")
            }
            try await eventually { scope.core.gate.waiterCount == 1 }
            // Cut, and every worker has ended: the callback is all that is left to wait for.
            #expect(!scope.core.gate.isIdle)
            #expect(log.all.isEmpty)
            release.open()
            await closed.value
            #expect(log.all == ["callback ends", "closed"])
            #expect(scope.core.gate.isIdle)
        }
    }

    @Test func onceClosedHasReturnedNothingBeginsElsewhere() async throws {
        try await withDeadline {
            for _ in 0..<scaled(50) {
                let scope = makeScope()
                let port = TaskPort.executor(makePool(1, name: "receiver"))
                let isClosed = Atomic<Bool>(false)
                let late = Atomic<Int>(0)
                let first = Gate()
                let worker = Self.flood(scope)
                worker.onUpdate(on: port) { _ in
                    if isClosed.load(ordering: .acquiring) { late.wrappingAdd(1, ordering: .relaxed) }
                    first.open()
                }
                await first.passed()
                scope.cut()
                _ = await scope.closed
                isClosed.store(true, ordering: .releasing)
                let settled = Gate()
                port.post { settled.open() }
                await settled.passed()
                #expect(late.load(ordering: .relaxed) == 0)
            }
        }
    }

    @Test func aCallbackThatClosesItsScopeIsTheLast() async throws {
        try await withDeadline { @MainActor in
            let scope = makeScope()
            var calls = 0
            let sender = scope.start("sender", reporting: Int.self) { worker in
                for number in 0... { try worker.send(number) }
            }
            sender.onSent { _ in
                calls += 1
                if calls == 10 { scope.cut() }
            }
            _ = await scope.closed
            #expect(calls == 10)
        }
    }

    @Test func aCloseThatWaitsDeliversTheEndingsOfItsWorkers() async throws {
        try await withDeadline { @MainActor in
            for _ in 0..<scaled(50) {
                let scope = makeScope()
                var endings: [String] = []
                let running = Gate()
                let worker = scope.start("stops") { worker in
                    running.open()
                    try worker.sleep(for: .seconds(1_000))
                }
                worker.onEnd { endings.append($0.kind) }
                await running.passed()
                await scope.close()
                #expect(endings == ["stopped"])
            }
        }
    }
}
