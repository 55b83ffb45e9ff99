import Roost
import Synchronization

// How a port queues: order, threads, nothing lost, one at a time.
extension DeliveryConformance {
    static var queueChecks: [Check] {
        [
            Check(name: "jobs run in the order they were posted", body: order),
            Check(name: "never on the poster's stack", body: notOnThePostersStack),
            Check(name: "posting does not wait for the port", body: postDoesNotWait),
            Check(name: "from many threads: nothing lost, one at a time, each one's in order", body: manyThreads),
            Check(name: "a job posted by a job runs after those posted before it", body: reentrantPost),
            Check(name: "a job is let go once it has run", body: jobIsLetGo),
        ]
    }

    @Sendable private static func order(_ context: CheckContext) async throws {
        let count = 2_000
        let seen = Locked<[Int]>([])
        for number in 0..<count { context.port.post { seen.withLock { $0.append(number) } } }
        await context.settle()
        let order = seen.withLock { $0 }
        context.expect(order.count == count, "\(count) jobs were posted, \(order.count) had run when the next one ran")
        context.expect(order == order.sorted(), "jobs ran in another order than they were posted in")
    }

    /// A job that runs on the poster's stack keeps `post` from returning, so it waits in vain for what comes after.
    @Sendable private static func notOnThePostersStack(_ context: CheckContext) async throws {
        let pool = WorkerPool(name: "poster", configuration: .init(maximumThreads: 1))
        for isOnPort in [false, true] {
            let result = OneShot<Bool>()
            let poster: @Sendable () -> Void = {
                let returned = StopSource()
                let token = returned.token
                context.port.post {
                    do {
                        try token.sleep(for: .seconds(1))
                        result.resolve(false)
                    } catch {
                        result.resolve(true)
                    }
                }
                returned.stop()
            }
            // From a thread that may wait: on a port that is wrong the poster does.
            if isOnPort { context.port.post(poster) } else { pool.submit(poster) }
            let wasLater = await result.value
            context.expect(
                wasLater, "a job ran inside post, on the poster's stack\(isOnPort ? " (on the port itself)" : "")")
        }
    }

    @Sendable private static func postDoesNotWait(_ context: CheckContext) async throws {
        let release = StopSource()
        let token = release.token
        let isBusy = OneShot<Void>()
        let timedOut = OneShot<Bool>()
        context.port.post {
            isBusy.resolve(())
            timedOut.resolve((try? token.sleep(for: .seconds(5))) != nil)
        }
        await isBusy.value
        let ran = Atomic<Int>(0)
        for _ in 0..<100 { context.port.post { ran.wrappingAdd(1, ordering: .relaxed) } }
        context.expect(ran.load(ordering: .relaxed) == 0, "a job ran while another one was running")
        release.stop()
        let hadToWait = await timedOut.value
        context.expect(!hadToWait, "post waited for the job that was running")
        await context.settle()
        let count = ran.load(ordering: .relaxed)
        context.expect(count == 100, "100 jobs were posted while the port was busy, \(count) ran")
    }

    @Sendable private static func manyThreads(_ context: CheckContext) async throws {
        let posters = 8
        let each = 1_000
        let pool = WorkerPool(name: "posters", configuration: .init(maximumThreads: posters))
        let seen = Locked<[[Int]]>(Array(repeating: [], count: posters))
        let running = Atomic<Int>(0)
        let overlaps = Atomic<Int>(0)
        let pause = StopSource().token
        for poster in 0..<posters {
            pool.submit {
                for number in 0..<each {
                    context.port.post {
                        if running.wrappingAdd(1, ordering: .relaxed).oldValue != 0 {
                            overlaps.wrappingAdd(1, ordering: .relaxed)
                        }
                        seen.withLock { $0[poster].append(number) }
                        // Long enough for another one to begin, if the port lets it.
                        if number % 50 == 0 { try? pause.sleep(for: .microseconds(500)) }
                        running.wrappingSubtract(1, ordering: .relaxed)
                    }
                }
            }
        }
        try await pool.done()
        await context.settle()
        let lists = seen.withLock { $0 }
        let ran = lists.reduce(0) { $0 + $1.count }
        context.expect(ran == posters * each, "\(posters * each) jobs were posted from \(posters) threads, \(ran) ran")
        context.expect(lists.allSatisfy { $0 == $0.sorted() }, "the jobs of one thread ran in another order")
        let overlapped = overlaps.load(ordering: .relaxed)
        context.expect(overlapped == 0, "\(overlapped) jobs ran while another one was running")
    }

    @Sendable private static func reentrantPost(_ context: CheckContext) async throws {
        let seen = Locked<[String]>([])
        let done = OneShot<Void>()
        let mayBegin = OneShot<Void>()
        let port = context.port
        port.post {
            // What follows is posted by one job, so it is queued whole before the next one begins.
            port.post {
                seen.withLock { $0.append("first begins") }
                port.post {
                    seen.withLock { $0.append("third") }
                    done.resolve(())
                }
                seen.withLock { $0.append("first ends") }
            }
            port.post { seen.withLock { $0.append("second") } }
            mayBegin.resolve(())
        }
        await mayBegin.value
        await done.value
        let order = seen.withLock { $0 }
        context.expect(
            order == ["first begins", "first ends", "second", "third"],
            "a job posted by a job came out of turn: \(order)")
    }

    @Sendable private static func jobIsLetGo(_ context: CheckContext) async throws {
        let gone = OneShot<Void>()
        do {
            let witness = Witness { gone.resolve(()) }
            context.port.post { witness.touch() }
        }
        await context.settle()
        // A port may let go of a batch together; the next job starts another one.
        await context.settle()
        await gone.value
    }
}

/// Calls `atEnd` when the last reference to it goes.
final class Witness: Sendable {
    private let atEnd: @Sendable () -> Void

    init(atEnd: @escaping @Sendable () -> Void) {
        self.atEnd = atEnd
    }

    deinit { atEnd() }

    func touch() {}
}
