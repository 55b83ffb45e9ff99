import Roost
import Synchronization

// How updates and endings come through a port.
extension DeliveryConformance {
    static var updateChecks: [Check] {
        [
            Check(name: "a flood of reports leaves at most one hop pending, and the newest arrives", body: flood),
            Check(name: "every sent value arrives once, in order, before the ending", body: everyValue),
            Check(name: "the ending comes once, after the last update", body: endingComesLast),
            Check(name: "nothing is called after cancel() on the port", body: cancelOnThePort),
        ]
    }

    @Sendable private static func flood(_ context: CheckContext) async throws {
        let reports = context.reports
        let scope = makeScope()
        let counting = CountingPort(context.port)
        let calls = Atomic<Int>(0)
        let last = Atomic<Int>(-1)
        let ended = OneShot<Int>()
        let worker = scope.start("flood", reporting: Int.self) { worker in
            for number in 0..<reports { worker.report(number) }
        }
        worker.onUpdate(on: counting) { number in
            calls.wrappingAdd(1, ordering: .relaxed)
            last.store(number, ordering: .relaxed)
        }
        worker.onEnd(on: counting) { _ in ended.resolve(last.load(ordering: .relaxed)) }
        let newest = await ended.value
        context.expect(
            newest == reports - 1, "the last report was \(reports - 1), the last one delivered \(newest)")
        let count = calls.load(ordering: .relaxed)
        context.expect(count <= reports, "\(count) callbacks for \(reports) reports")
        // One hop, the one that asks for what came before the registration, and the ending.
        let most = counting.mostPending
        context.expect(most <= 3, "\(most) hops were pending at once: updates are not coalesced")
        await scope.close()
    }

    @Sendable private static func everyValue(_ context: CheckContext) async throws {
        let count = 1_000
        let scope = makeScope()
        let seen = Locked<[Int]>([])
        let atEnd = OneShot<Int>()
        let worker = scope.start("sender", reporting: Int.self, options: .init(sendBuffer: 16)) { worker in
            for number in 0..<count { try worker.send(number) }
        }
        worker.onSent(on: context.port) { number in seen.withLock { $0.append(number) } }
        worker.onEnd(on: context.port) { _ in atEnd.resolve(seen.withLock { $0.count }) }
        let delivered = await atEnd.value
        context.expect(delivered == count, "\(count) values were sent, \(delivered) had arrived when the ending did")
        let values = seen.withLock { $0 }
        context.expect(values == Array(0..<count), "sent values were lost, doubled or out of order")
        await scope.close()
    }

    @Sendable private static func endingComesLast(_ context: CheckContext) async throws {
        let scope = makeScope()
        for round in 0..<50 {
            let seen = Locked<[String]>([])
            let done = OneShot<Void>()
            let worker = scope.start("reports", reporting: Int.self) { worker in worker.report(round) }
            worker.onUpdate(on: context.port) { number in seen.withLock { $0.append("update \(number)") } }
            worker.onEnd(on: context.port) { _ in
                seen.withLock { $0.append("end") }
                done.resolve(())
            }
            await done.value
            await context.settle()
            let order = seen.withLock { $0 }
            context.expect(order == ["update \(round)", "end"], "an update and an ending came as \(order)")
        }
        await scope.close()
    }

    @Sendable private static func cancelOnThePort(_ context: CheckContext) async throws {
        let scope = makeScope()
        let isCancelled = Atomic<Bool>(false)
        let late = Atomic<Int>(0)
        let first = OneShot<Void>()
        let worker = scope.start("flood", reporting: Int.self) { worker in
            for number in 0... {
                try worker.checkpoint()
                worker.report(number)
            }
        }
        let registration = worker.onUpdate(on: context.port) { _ in
            if isCancelled.load(ordering: .relaxed) { late.wrappingAdd(1, ordering: .relaxed) }
            first.resolve(())
        }
        await first.value
        await context.onPort {
            registration.cancel()
            isCancelled.store(true, ordering: .relaxed)
        }
        await context.settle()
        let count = late.load(ordering: .relaxed)
        context.expect(count == 0, "\(count) updates were delivered after cancel() had returned")
        await scope.close()
    }
}

/// Passes jobs on and knows how many were pending at most.
private final class CountingPort: DeliveryPort {
    private let port: any DeliveryPort
    private let state = Locked<(pending: Int, most: Int)>((0, 0))

    init(_ port: any DeliveryPort) {
        self.port = port
    }

    var mostPending: Int { state.withLock { $0.most } }

    func post(_ job: @escaping @Sendable () -> Void) {
        state.withLock { state in
            state.pending += 1
            state.most = max(state.most, state.pending)
        }
        port.post { [state] in
            state.withLock { $0.pending -= 1 }
            job()
        }
    }
}
