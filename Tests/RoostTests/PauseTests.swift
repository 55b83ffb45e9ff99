import Testing

@testable import Roost

@Suite struct PauseTests {
    /// A worker that counts its checkpoints.
    private func counter(_ scope: WorkerScope, _ count: Locked<Int>) -> WorkerHandle<Void, WorkerProgress> {
        scope.start("counts") { worker in
            while true {
                try worker.checkpoint()
                count.withLock { $0 += 1 }
            }
        }
    }

    @Test func aPausedWorkerStandsStillUntilItIsResumed() async throws {
        try await withDeadline {
            let scope = makeScope()
            let count = Locked(0)
            let worker = counter(scope, count)
            try await eventually { count.withLock { $0 } > 10 }
            #expect(worker.pause())
            #expect(!worker.pause())
            try await eventually { worker.state == .paused }
            let still = count.withLock { $0 }
            // Another passes a thousand checkpoints meanwhile.
            let other = scope.start("counts too") { worker in for _ in 0..<1_000 { try worker.checkpoint() } }
            #expect(await other.endingKind == "finished")
            #expect(count.withLock { $0 } == still)
            worker.resume()
            try await eventually { count.withLock { $0 } > still }
            await scope.close()
            #expect(!worker.pause())
        }
    }

    @Test func aPausedWorkerCanBeStopped() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = counter(scope, Locked(0))
            try await eventually { worker.state == .running }
            worker.pause()
            try await eventually { worker.state == .paused }
            worker.stop()
            #expect(await worker.endingKind == "stopped")
        }
    }

    @Test func pausedInTheQueueItBeginsAndWaitsAtItsFirstCheckpoint() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let gate = Gate()
            _ = await scope.occupy(1, until: gate)
            let began = Gate()
            let passed = Gate()
            let worker = scope.start("queued") { worker in
                began.open()
                try worker.checkpoint()
                passed.open()
            }
            #expect(worker.pause())
            #expect(worker.state == .queued)
            gate.open()
            await began.passed()
            try await eventually { worker.state == .paused }
            #expect(!passed.isOpen)
            worker.resume()
            #expect(await worker.endingKind == "finished")
            #expect(passed.isOpen)
        }
    }

    @Test func manyQuickPausesNeverLoseAResume() async throws {
        try await withDeadline {
            let scope = makeScope()
            let count = Locked(0)
            let worker = counter(scope, count)
            for _ in 0..<scaled(500) {
                worker.pause()
                worker.resume()
            }
            let before = count.withLock { $0 }
            try await eventually { count.withLock { $0 } > before }
            await scope.close()
        }
    }

    @Test func everyTaskOfAnAsyncBodyWaitsAndGoesOn() async throws {
        try await withDeadline {
            let scope = makeScope()
            let mayGo = Gate()
            let arrived = Log<Int>()
            let passed = Log<Int>()
            let worker = scope.start("children") { (worker: AsyncWorkerContext<WorkerProgress>) in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for child in 0..<5 {
                        group.addTask {
                            await mayGo.passed()
                            arrived.add(child)
                            try await worker.checkpoint()
                            passed.add(child)
                        }
                    }
                    try await group.waitForAll()
                }
            }
            try await eventually { worker.state == .running }
            worker.pause()
            mayGo.open()
            try await eventually { arrived.count == 5 && worker.state == .paused }
            #expect(passed.count == 0)
            worker.resume()
            #expect(await worker.endingKind == "finished")
            #expect(passed.count == 5)
        }
    }

    @Test func aPausedAsyncBodyCanBeStopped() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("pauses") { (worker: AsyncWorkerContext<WorkerProgress>) in
                while true {
                    try await worker.checkpoint()
                    await Task.yield()
                }
            }
            try await eventually { worker.state == .running }
            worker.pause()
            try await eventually { worker.state == .paused }
            worker.stop(.deadline)
            await #expect(throws: StopError(.deadline)) { try await worker.value }
        }
    }
}
