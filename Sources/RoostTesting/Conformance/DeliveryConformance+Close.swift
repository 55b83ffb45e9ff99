import Roost
import Synchronization

// What a scope's close means on a port (G2): when `close()` has returned on the port, nothing of the scope begins there;
// from elsewhere, once `closed` has returned.
extension DeliveryConformance {
    static var closeChecks: [Check] {
        [
            Check(name: "after close() on the port no update begins there", body: silenceForUpdates),
            Check(
                name: "after close() on the port no sent value comes, also in the middle of a batch",
                body: silenceForSentValues),
            Check(name: "after close() on the port no ending is delivered there", body: silenceForEndings),
            Check(name: "closed waits for a callback that runs on the port", body: closedWaits),
            Check(name: "once closed has returned nothing of the scope runs on the port", body: silenceAfterClosed),
            Check(name: "the ending resolves whatever the port does", body: endingResolves),
        ]
    }

    /// A pool and a scope of its own, so that a check disturbs nobody.
    static func makeScope(limit: Int? = nil) -> WorkerScope {
        WorkerScope(
            "conformance", pool: WorkerPool(name: "conform", configuration: .init(maximumThreads: 2)), limit: limit)
    }

    /// Where one may await, `scope.close()` means the form that waits.
    private static func closeNow(_ scope: WorkerScope) {
        scope.close()
    }

    @Sendable private static func silenceForUpdates(_ context: CheckContext) async throws {
        let scope = makeScope()
        let isClosed = Atomic<Bool>(false)
        let late = Atomic<Int>(0)
        let first = OneShot<Void>()
        let worker = scope.start("flood", reporting: Int.self) { worker in
            for number in 0... {
                try worker.checkpoint()
                worker.report(number)
            }
        }
        worker.onUpdate(on: context.port) { _ in
            if isClosed.load(ordering: .relaxed) { late.wrappingAdd(1, ordering: .relaxed) }
            first.resolve(())
        }
        await first.value
        await context.onPort {
            scope.close()
            isClosed.store(true, ordering: .relaxed)
        }
        _ = await worker.ending
        await context.settle()
        let count = late.load(ordering: .relaxed)
        context.expect(count == 0, "\(count) updates were delivered after close() had returned")
    }

    @Sendable private static func silenceForSentValues(_ context: CheckContext) async throws {
        let scope = makeScope()
        let isClosed = Atomic<Bool>(false)
        let late = Atomic<Int>(0)
        let worker = scope.start("sender", reporting: Int.self) { worker in
            for number in 0... { try worker.send(number) }
        }
        let closed = OneShot<Void>()
        worker.onSent(on: context.port) { number in
            if isClosed.load(ordering: .relaxed) { late.wrappingAdd(1, ordering: .relaxed) }
            guard number == 100 else { return }
            scope.close()
            isClosed.store(true, ordering: .relaxed)
            closed.resolve(())
        }
        await closed.value
        _ = await worker.ending
        await context.settle()
        let count = late.load(ordering: .relaxed)
        context.expect(count == 0, "\(count) sent values were delivered after a callback had closed the scope")
    }

    @Sendable private static func silenceForEndings(_ context: CheckContext) async throws {
        let scope = makeScope()
        let late = Atomic<Int>(0)
        let worker = scope.start("waits") { worker in try worker.sleep(for: .seconds(60)) }
        worker.onEnd(on: context.port) { _ in late.wrappingAdd(1, ordering: .relaxed) }
        await context.onPort { scope.close() }
        _ = await worker.ending
        await context.settle()
        context.expect(late.load(ordering: .relaxed) == 0, "an ending was delivered after close() had returned")
    }

    @Sendable private static func closedWaits(_ context: CheckContext) async throws {
        let scope = makeScope()
        let release = StopSource()
        let token = release.token
        let isRunning = OneShot<Void>()
        let isOver = Atomic<Bool>(false)
        let worker = scope.start("reports", reporting: Int.self) { worker in
            worker.report(1)
            try worker.sleep(for: .seconds(60))
        }
        worker.onUpdate(on: context.port) { _ in
            isRunning.resolve(())
            try? token.sleep(for: .seconds(10))
            isOver.store(true, ordering: .releasing)
        }
        await isRunning.value
        closeNow(scope)
        let sawTheEnd = OneShot<Bool>()
        let waiter = Task {
            _ = await scope.closed
            sawTheEnd.resolve(isOver.load(ordering: .acquiring))
        }
        // The worker's ending is there although its callback still runs: only `closed` waits for it.
        _ = await worker.ending
        context.expect(sawTheEnd.valueIfResolved == nil, "closed returned while a callback was running")
        release.stop()
        await waiter.value
        context.expect(await sawTheEnd.value, "closed returned before the callback that was running had ended")
    }

    @Sendable private static func silenceAfterClosed(_ context: CheckContext) async throws {
        let scope = makeScope()
        let isClosed = Atomic<Bool>(false)
        let late = Atomic<Int>(0)
        let first = OneShot<Void>()
        let worker = scope.start("flood", reporting: Int.self) { worker in
            for number in 0... {
                try worker.checkpoint()
                worker.report(number)
            }
        }
        worker.onUpdate(on: context.port) { _ in
            if isClosed.load(ordering: .acquiring) { late.wrappingAdd(1, ordering: .relaxed) }
            first.resolve(())
        }
        await first.value
        closeNow(scope)
        _ = await scope.closed
        isClosed.store(true, ordering: .releasing)
        await context.settle()
        let count = late.load(ordering: .relaxed)
        context.expect(count == 0, "\(count) updates were delivered after closed had returned")
    }

    @Sendable private static func endingResolves(_ context: CheckContext) async throws {
        let scope = makeScope()
        let release = StopSource()
        let token = release.token
        let isBusy = OneShot<Void>()
        context.port.post {
            isBusy.resolve(())
            try? token.sleep(for: .seconds(10))
        }
        await isBusy.value
        let worker = scope.start("reports", reporting: Int.self) { worker in worker.report(1) }
        worker.onUpdate(on: context.port) { _ in }
        worker.onEnd(on: context.port) { _ in }
        let ending = await worker.ending
        context.expect(ending.kind == "finished", "the worker ended as \(ending) while the port was busy")
        context.expect(!token.isStopped, "the ending waited for the port")
        release.stop()
        await context.settle()
    }
}
