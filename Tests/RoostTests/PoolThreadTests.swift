import CRoostPlatform
import Glibc
import RoostTesting
import Testing

@testable import Roost

@Suite struct PoolThreadTests {
    @Test func threadsAreNamedAndListed() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let name = scope.start("asks") { _ in kernelThreadName() }
            try await expect(name.value, equals: "test-1")
            let gate = Gate()
            let busy = await scope.occupy(1, until: gate)
            let thread = try #require(scope.pool.threads.first)
            #expect(thread.name == "test-1")
            guard case .worker(let info) = thread.doing else {
                Issue.record("\(thread.doing)")
                return
            }
            #expect(info.name == "busy 1")
            #expect(info.scope == "scope")
            #expect(info.thread == "test-1")
            #expect(info.state == .running)
            gate.open()
            #expect(await busy[0].endingKind == "finished")
            try await eventually { scope.pool.threads.first?.doing == .idle }
        }
    }

    @Test func aLongNameIsCutForTheSystemAtACharacterBorder() async throws {
        try await withDeadline {
            let pool = makePool(1, name: "verylongnameäö")
            let name = OneShot<String>()
            pool.submit { name.resolve(kernelThreadName()) }
            #expect(await name.value == "verylongnameä")
            #expect(pool.threads.first?.name == "verylongnameäö-1")
        }
    }

    @Test func idleThreadsEnd() async throws {
        try await withDeadline {
            let pool = makePool(3, idleTimeout: .milliseconds(1))
            for _ in 0..<20 { pool.submit {} }
            try await pool.done()
            try await eventually { pool.threads.isEmpty }
            let again = Gate()
            pool.submit { again.open() }
            await again.passed()
        }
    }

    @Test func threadsThatComeAndGoLoseNoWork() async throws {
        try await withDeadline {
            // Idle timeouts about as long as the pauses: sleeping, waking and expiring race with each other.
            let pool = makePool(2, idleTimeout: .microseconds(50))
            let ran = Locked(0)
            var generator = SeededGenerator(seed: announcedSeed("threadsThatComeAndGoLoseNoWork"))
            let rounds = scaled(2_000)
            for _ in 0..<rounds {
                pool.submit { ran.withLock { $0 += 1 } }
                for _ in 0..<Int.random(in: 0..<2_000, using: &generator) { roost_cpu_pause() }
            }
            try await pool.done()
            #expect(ran.withLock { $0 } == rounds)
        }
    }

    @Test func theStackIsAsLargeAsAskedFor() async throws {
        try await withDeadline {
            // More than the system's usual 8 MiB, so that it cannot be that by chance.
            let asked = 32 << 20
            let pool = WorkerPool(name: "stack", configuration: .init(maximumThreads: 1, stackSize: asked))
            let size = OneShot<Int>()
            pool.submit { size.resolve(stackMappingSize()) }
            #expect(await size.value >= asked)
        }
    }

    @Test func threadsHaveTheNiceValueAskedFor() async throws {
        try await withDeadline {
            let pool = WorkerPool(name: "nice", configuration: .init(maximumThreads: 1, threadPriority: .utility))
            let nice = OneShot<Int32>()
            pool.submit {
                nice.resolve(getpriority(__priority_which_t(PRIO_PROCESS.rawValue), id_t(roost_thread_id())))
            }
            #expect(await nice.value == 10)
        }
    }

    @Test func everyThreadHasItsOwnSignalStack() async throws {
        try await withDeadline {
            let pool = makePool(3)
            let stacks = Log<UInt>()
            let all = Gate()
            for _ in 0..<3 {
                pool.submit {
                    var stack = stack_t()
                    sigaltstack(nil, &stack)
                    #expect(Int(stack.ss_flags) & Int(SS_DISABLE) == 0)
                    #expect(stack.ss_size >= 32 * 1024)
                    stacks.add(UInt(bitPattern: stack.ss_sp))
                    all.wait()
                }
            }
            try await eventually { stacks.count == 3 }
            all.open()
            try await pool.done()
            #expect(Set(stacks.all).count == 3)
        }
    }

    @Test func loweringTheMaximumLetsBodiesFinishAndEndsThreads() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 4)
            let pool = scope.pool
            let gate = Gate()
            let busy = await scope.occupy(4, until: gate)
            pool.maximumThreads = 1
            #expect(pool.activeThreads == 4)
            gate.open()
            for worker in busy { #expect(await worker.endingKind == "finished") }
            try await eventually { pool.threads.count == 1 }
            let second = Gate()
            _ = await scope.occupy(1, until: second)
            let queued = scope.start("waits") { _ in }
            #expect(queued.state == .queued)
            pool.maximumThreads = 2
            #expect(await queued.endingKind == "finished", "raising it makes room at once")
            second.open()
        }
    }

    @Test func anAbandonedThreadIsReplacedListedAndTakenBack() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let pool = makePool(1)
            let scope = WorkerScope("late", pool: pool, time: clock, root: WorkRoot())
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            scope.cut()
            clock.advance(by: .seconds(2))
            #expect(await stubborn.endingKind == "abandoned")
            #expect(pool.threads.filter(\.isAbandoned).map(\.name) == ["test-1"])
            #expect(pool.activeThreads == 0)
            let ran = Gate()
            pool.submit { ran.open() }
            await ran.passed()
            #expect(pool.threads.count == 2)
            gate.open()
            try await eventually { !pool.threads.contains(where: \.isAbandoned) }
            #expect(pool.threads.count == 1, "the pool had no place for it any more")
            #expect(await stubborn.endingKind == "abandoned")
        }
    }

    @Test func anAbandonedThreadThatWasNotReplacedGoesBackToWork() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let pool = makePool(1)
            let scope = WorkerScope("late", pool: pool, time: clock, root: WorkRoot())
            let gate = Gate()
            let stubborn = await scope.occupy(1, until: gate)[0]
            scope.cut()
            clock.advance(by: .seconds(2))
            #expect(await stubborn.endingKind == "abandoned")
            #expect(pool.threads.map(\.isAbandoned) == [true])
            gate.open()
            try await eventually { pool.threads.first?.doing == .idle }
            let name = OneShot<String>()
            pool.submit { name.resolve(kernelThreadName()) }
            #expect(await name.value == "test-1")
        }
    }

    @Test func aDroppedPoolLeavesNoThread() async throws {
        try await withDeadline {
            let name = "dropped-\(UInt16.random(in: 0...9_999))"
            for _ in 0..<scaled(1_000) {
                let pool = WorkerPool(name: name, configuration: .init(maximumThreads: 1, idleTimeout: nil))
                let ran = OneShot<Void>()
                pool.submit { ran.resolve(()) }
                await ran.value
            }
            try await eventually { threadNames().allSatisfy { !$0.hasPrefix(name) } }
        }
    }
}
