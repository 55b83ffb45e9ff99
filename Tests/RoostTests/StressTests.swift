import CRoostPlatform
import RoostTesting
import Testing

@testable import Roost

/// Random work from several threads, seeded: whatever happens, every handle's ending resolves exactly once (G1).
@Suite struct StressTests {
    private struct Started {
        let handle: WorkerHandle<Int, Int>
        let endings: Log<String>
    }

    /// What the bodies do, by a number drawn beforehand.
    private static func body(_ kind: Int, _ hold: Gate) -> @Sendable (WorkerContext<Int>) throws -> Int {
        switch kind {
        case 0: { _ in 0 }
        case 1: { _ in throw TestFailure() }
        case 2:
            { worker in
                worker.report(1)
                try worker.sleep(for: .microseconds(200))
                return 2
            }
        case 3:
            { worker in
                for number in 0..<20 {
                    try worker.checkpoint()
                    worker.report(number)
                }
                return 3
            }
        case 4:
            { worker in
                while true { try worker.checkpoint() }
            }
        default:
            { worker in
                // Never looks at its token: only abandoning ends it.
                hold.wait()
                return 5
            }
        }
    }

    private static func spin(_ count: Int) {
        for _ in 0..<count { roost_cpu_pause() }
    }

    @Test func everyEndingResolvesExactlyOnceWhateverHappens() async throws {
        let seed = announcedSeed("everyEndingResolvesExactlyOnceWhateverHappens")
        for round in 0..<scaled(40) {
            try await withDeadline { try await Self.round(seed: seed &+ UInt64(round)) }
        }
    }

    private static func round(seed: UInt64) async throws {
        var generator = SeededGenerator(seed: seed)
        let hold = Gate()
        let isTiny = Bool.random(using: &generator)
        let pool = makePool(3, idleTimeout: isTiny ? .microseconds(100) : nil)
        let scopes = (0..<2).map { number in
            WorkerScope(
                "stress \(number)", pool: pool, limit: Bool.random(using: &generator) ? 2 : nil,
                closesWithin: .milliseconds(Int64.random(in: 0...20, using: &generator)),
                onFailure: Bool.random(using: &generator) ? .stopOthers : .keepGoing, root: WorkRoot())
        }
        let started = Locked<[Started]>([])
        let threads = (0..<4).map { _ in
            let seed = generator.next()
            return inBackground {
                act(seed: seed, scopes: scopes, pool: pool, started: started, hold: hold)
            }
        }
        for thread in threads { try await thread.value }
        for scope in scopes { await scope.close() }
        for worker in started.withLock({ $0 }) {
            let ending = await worker.handle.ending
            #expect(worker.handle.state == .ended)
            // Whoever asks for an ending that is there gets it at once, perhaps before those who waited are called.
            try await eventually { worker.endings.count > 0 }
            #expect(worker.endings.all == [ending.kind], "seed \(seed)")
        }
        hold.open()
        try await pool.done()
        #expect(pool.queuedCount == 0, "seed \(seed)")
        #expect(pool.activeThreads == 0, "seed \(seed)")
        for scope in scopes { #expect(scope.core.unfinished == 0, "seed \(seed)") }
    }

    private static func act(
        seed: UInt64, scopes: [WorkerScope], pool: WorkerPool, started: Locked<[Started]>, hold: Gate
    ) {
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<60 {
            let scope = scopes[Int.random(in: 0..<scopes.count, using: &generator)]
            switch Int.random(in: 0..<24, using: &generator) {
            case 0..<12:
                let kind = Int.random(in: 0..<20, using: &generator)
                let priority = WorkerPriority(rawValue: UInt8.random(in: 0...4, using: &generator))
                let handle = scope.start(
                    "kind \(kind)", reporting: Int.self,
                    options: .init(priority: priority, timeLimit: kind == 4 ? .milliseconds(3) : nil),
                    body(min(kind, kind == 19 ? 5 : kind % 5), hold))
                let endings = Log<String>()
                handle.worker.whenEnded { endings.add($0.kind) }
                started.withLock { $0.append(Started(handle: handle, endings: endings)) }
            case 12..<16: pick(started, &generator)?.handle.stop()
            case 16: pick(started, &generator)?.handle.pause()
            case 17, 18: pick(started, &generator)?.handle.resume()
            case 19: pick(started, &generator).map { _ = pool.tryTake($0.handle) }
            case 20: scope.stop(.requested("stress"))
            case 21: _ = Bool.random(using: &generator) ? scope.keepOpen() : scope.takeCloseBack()
            case 22: Bool.random(using: &generator) ? pool.stopAll() : { _ = pool.clear() }()
            default:
                if Int.random(in: 0..<4, using: &generator) == 0 {
                    scope.beginClosing(on: TaskPort.main) { _ in }
                } else {
                    pool.maximumThreads = Int.random(in: 1...4, using: &generator)
                }
            }
            spin(Int.random(in: 0..<500, using: &generator))
        }
    }

    private static func pick(_ started: Locked<[Started]>, _ generator: inout SeededGenerator) -> Started? {
        started.withLock { $0.randomElement(using: &generator) }
    }

    @Test func asyncWorkersToo() async throws {
        let seed = announcedSeed("asyncWorkersToo")
        var generator = SeededGenerator(seed: seed)
        for _ in 0..<scaled(20) {
            let choices = (0..<100).map { _ in Int.random(in: 0..<6, using: &generator) }
            try await withDeadline {
                let scope = makeScope(budget: .milliseconds(20))
                let hold = Gate()
                let workers = choices.map { choice in
                    scope.start("async") { (worker: AsyncWorkerContext<WorkerProgress>) in
                        switch choice {
                        case 0: throw TestFailure()
                        case 1: try await worker.sleep(for: .microseconds(300))
                        case 2: while true { try await worker.sleep(for: .milliseconds(1)) }
                        case 3: await hold.passed()
                        default: await Task.yield()
                        }
                    }
                }
                for (worker, choice) in zip(workers, choices) where choice == 1 { worker.stop() }
                await scope.close()
                for worker in workers { _ = await worker.ending }
                hold.open()
                try await scope.pool.done()
            }
        }
    }

    @Test func theLockExcludes() async throws {
        try await withDeadline {
            // Under ThreadSanitizer this shows that the lock is understood: an unordered access would be reported.
            let total = Locked(0)
            let threads = (0..<4).map { _ in
                inBackground { for _ in 0..<scaled(50_000) { total.withLock { $0 += 1 } } }
            }
            for thread in threads { try await thread.value }
            #expect(total.withLock { $0 } == 4 * scaled(50_000))
        }
    }
}
