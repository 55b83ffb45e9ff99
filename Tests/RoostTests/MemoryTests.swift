import RoostTesting
import Testing

@testable import Roost

/// Finished workers leave nothing behind. The ten million of the benchmark, reduced.
@Suite(.serialized) struct MemoryTests {
    /// Runs `batch` again and again and demands that the process does not grow after the first rounds, in which caches,
    /// rings and allocator arenas find their size. What other tests take meanwhile is none of its: the least of three growths counts.
    private func expectNoGrowth(
        rounds: Int, allowed: Int, sourceLocation: SourceLocation = #_sourceLocation, _ batch: () async throws -> Void
    ) async throws {
        for _ in 0..<(rounds / 3) { try await batch() }
        var growth = Int.max
        for _ in 0..<3 where growth >= allowed {
            let before = residentMemory()
            for _ in 0..<rounds { try await batch() }
            growth = min(growth, residentMemory() - before)
        }
        // A sanitizer keeps freed memory aside on purpose; the census still counts there.
        guard !isSanitized else { return }
        #expect(growth < allowed, "grew by \(growth) bytes", sourceLocation: sourceLocation)
    }

    @Test func finishedWorkersLeaveNoMemoryBehind() async throws {
        try await withDeadline {
            let scope = makeScope()
            let census = Census()
            let each = scaled(10_000)
            // 240,000 workers; what each one alone would leave is at least a few hundred bytes.
            try await expectNoGrowth(rounds: 18, allowed: 24 << 20) {
                for _ in 0..<each {
                    let member = census.makeMember()
                    scope.start("short") { _ in member.touch() }
                }
                try await scope.drained()
            }
            try await scope.pool.done()
            try await eventually { census.count == 0 }
            #expect(scope.workers.isEmpty)
            #expect(scope.core.unfinished == 0)
        }
    }

    @Test func stoppedAndFailedWorkersLeaveNothingEither() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1, limit: 4)
            let census = Census()
            for _ in 0..<20 {
                let gate = Gate()
                let busy = await scope.occupy(1, until: gate)
                for number in 0..<500 {
                    let member = census.makeMember()
                    let worker = scope.start("stopped or failed") { _ in
                        member.touch()
                        throw TestFailure()
                    }
                    worker.onEnd(on: ManualPort()) { _ in member.touch() }
                    worker.token.onStop { _ in member.touch() }
                    Task { _ = await worker.ending }
                    if number % 2 == 0 { worker.stop() }
                }
                gate.open()
                _ = await busy[0].ending
                try await scope.drained()
            }
            try await eventually { census.count == 0 }
        }
    }

    @Test func everythingThatHangsOnAWorkerGoesWithIt() async throws {
        try await withDeadline {
            let census = Census()
            let port = ManualPort()
            let weak: WeakReference<WorkerCore>
            do {
                let scope = makeScope()
                let member = census.makeMember()
                let worker = scope.start("listened to", reporting: Int.self) { worker in
                    worker.report(1)
                    try worker.send(2)
                }
                weak = WeakReference(worker.worker)
                worker.onUpdate(on: port) { _ in member.touch() }
                worker.onSent(on: port) { _ in member.touch() }
                worker.onEnd(on: port) { _ in member.touch() }
                worker.token.onStop { [token = worker.token] _ in
                    member.touch()
                    _ = token.isStopped
                }
                #expect(await worker.endingKind == "finished")
                port.drain()
                await scope.close()
                port.drain()
            }
            try await eventually { weak.object == nil && census.count == 0 }
        }
    }

    @Test func asyncWorkersLeaveNothing() async throws {
        try await withDeadline {
            let scope = makeScope()
            let census = Census()
            try await expectNoGrowth(rounds: 9, allowed: 16 << 20) {
                for _ in 0..<scaled(2_000) {
                    let member = census.makeMember()
                    scope.start("async") { (_: AsyncWorkerContext<WorkerProgress>) in
                        await Task.yield()
                        member.touch()
                    }
                }
                try await scope.drained()
            }
            try await eventually { census.count == 0 }
            #expect(scope.pool.asyncWorkers.isEmpty)
        }
    }

    @Test func aScopeWithItsPoolGoes() async throws {
        try await withDeadline {
            let root = WorkRoot()
            try await expectNoGrowth(rounds: 60, allowed: 8 << 20) {
                let scope = WorkerScope("short", pool: makePool(1), root: root)
                let worker = scope.start("one") { _ in 1 }
                try await expect(worker.value, equals: 1)
                await scope.close()
            }
            try await eventually { root.node.children.isEmpty && root.livePools.isEmpty }
        }
    }

    @Test func aDeadUpdateIsLetGo() async throws {
        try await withDeadline {
            let census = Census()
            let scope = makeScope()
            let gate = Gate()
            let reported = Gate()
            let worker = scope.start("reports", reporting: Census.Member.self) { worker in
                for _ in 0..<100 { worker.report(census.makeMember()) }
                for _ in 0..<10 { try worker.send(census.makeMember()) }
                reported.open()
                gate.wait()
            }
            await reported.passed()
            #expect(census.count == 11, "the newest, and those that are queued")
            var values = worker.sent.makeAsyncIterator()
            for left in (0..<10).reversed() {
                do { _ = await values.next() }
                #expect(census.count == 1 + left, "a value that was received is the receiver's alone")
            }
            gate.open()
            _ = await worker.ending
        }
    }
}
