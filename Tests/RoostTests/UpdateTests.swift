import RoostTesting
import Testing

@testable import Roost

@Suite struct UpdateTests {
    @Test func aFloodLeavesOneHopPendingAndTheNewestValue() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            let seen = Log<Int>()
            let registered = Gate()
            let worker = scope.start("flood", reporting: Int.self) { worker in
                registered.wait()
                for number in 1...100_000 { worker.report(number) }
            }
            worker.onUpdate(on: port) { seen.add($0) }
            port.drain()
            registered.open()
            _ = await worker.ending
            #expect(port.pending == 1)
            port.drain()
            #expect(seen.all == [100_000])
        }
    }

    @Test func whatWasReportedBeforeTheRegistrationIsDelivered() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            let seen = Log<Int>()
            let worker = scope.start("reports", reporting: Int.self) { worker in worker.report(7) }
            _ = await worker.ending
            worker.onUpdate(on: port) { seen.add($0) }
            port.drain()
            #expect(seen.all == [7])
        }
    }

    @Test func aListenerWithAPaceRestsBetweenTwoValues() {
        let clock = ManualClock()
        let hub = UpdateHub<Int>(capacity: 1)
        let notified = Log<UInt64>()
        let id = hub.listen(pace: UpdatePace(interval: .milliseconds(8), time: clock)) { notified.add($0) }
        hub.report(1)
        #expect(notified.all.count == 1, "the first comes at once")
        #expect(hub.take(id).update == 1)
        for number in 2...1_000 { hub.report(number) }
        clock.advance(by: .milliseconds(7))
        #expect(notified.all.count == 1)
        clock.advance(by: .milliseconds(1))
        #expect(notified.all.count == 2)
        #expect(hub.take(id).update == 1_000)
        clock.advance(by: .milliseconds(8))
        #expect(notified.all.count == 2, "nothing new")
        hub.report(1_001)
        #expect(notified.all.count == 3, "rested long enough")
        #expect(hub.take(id).update == 1_001)
        hub.report(1_002)
        hub.close()
        #expect(notified.all.count == 4, "what a worker ends with does not wait")
        let last = hub.take(id)
        #expect(last.update == 1_002 && last.isOver)
        clock.advance(by: .seconds(1))
        #expect(notified.all.count == 4)
    }

    /// What ends the rest may be held up before it notifies: the close does not rely on it.
    @Test func aCloseNotifiesAListenerWhoseRestHasJustEnded() {
        let clock = ManualClock()
        let hub = UpdateHub<Int>(capacity: 1)
        let order = Log<String>()
        let id = hub.listen(pace: UpdatePace(interval: .milliseconds(8), time: clock)) { [weak hub] _ in
            guard order.all.count == 1 else { return order.add("notified") }
            order.add("rest over")
            hub?.close()
            order.add("closed")
        }
        hub.report(1)
        #expect(hub.take(id).update == 1)
        hub.report(2)
        clock.advance(by: .milliseconds(8))
        #expect(order.all == ["notified", "rest over", "notified", "closed"])
        let last = hub.take(id)
        #expect(last.update == 2 && last.isOver)
    }

    @Test func everyListenerSeesTheNewestForItself() async throws {
        try await withDeadline {
            let scope = makeScope()
            let ports = [ManualPort(), ManualPort()]
            let seen = [Log<Int>(), Log<Int>()]
            let step = [Gate(), Gate()]
            let reported = Gate()
            let worker = scope.start("reports", reporting: Int.self) { worker in
                worker.report(1)
                reported.open()
                step[0].wait()
                worker.report(2)
            }
            for index in 0..<2 { worker.onUpdate(on: ports[index]) { seen[index].add($0) } }
            await reported.passed()
            ports[0].drain()
            step[0].open()
            _ = await worker.ending
            for port in ports { port.drain() }
            #expect(seen[0].all == [1, 2])
            #expect(seen[1].all == [2])
        }
    }

    @Test func aReceiverIsHeldWeakly() async throws {
        try await withDeadline { @MainActor in
            final class Receiver: Sendable {}
            let scope = makeScope()
            let seen = Log<Int>()
            let ended = Gate()
            let gate = Gate()
            let worker = scope.start("reports", reporting: Int.self) { worker in
                gate.wait()
                worker.report(1)
            }
            let kept = Receiver()
            var dropped: Receiver? = Receiver()
            let weak = WeakReference(dropped!)
            worker.onUpdate(for: kept) { _, number in seen.add(number) }
            worker.onUpdate(for: dropped!) { _, _ in seen.add(-1) }
            worker.onEnd(for: dropped!) { _, _ in seen.add(-2) }
            worker.onEnd(for: kept) { _, _ in ended.open() }
            dropped = nil
            #expect(weak.object == nil)
            gate.open()
            await ended.passed()
            #expect(seen.all == [1])
            withExtendedLifetime(kept) {}
        }
    }

    @Test func sentValuesWaitForTheReceiver() async throws {
        try await withDeadline {
            let scope = makeScope()
            let port = ManualPort()
            let seen = Log<Int>()
            let sent = Log<Int>()
            let worker = scope.start("sends", reporting: Int.self, options: .init(sendBuffer: 4)) { worker in
                for number in 0..<20 {
                    try worker.send(number)
                    sent.add(number)
                }
            }
            try await eventually { sent.count == 4 }
            #expect(worker.state == .running)
            worker.onSent(on: port) { seen.add($0) }
            while seen.count < 20 {
                await port.waitForJobs(1)
                port.drain()
                #expect(sent.count <= seen.count + 4)
            }
            #expect(seen.all == Array(0..<20))
            #expect(await worker.endingKind == "finished")
            // What tells of the end is posted by then: a port holds its jobs, and this job its port.
            try await scope.drained()
            port.drain()
        }
    }

    @Test func asyncSendWaitsAndGoesOn() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let worker = scope.start("sends", reporting: Int.self, options: .init(sendBuffer: 2)) {
                (worker: AsyncWorkerContext<Int>) in
                for number in 0..<50 { try await worker.send(number) }
            }
            var seen: [Int] = []
            for await number in worker.sent { seen.append(number) }
            #expect(seen == Array(0..<50))
            #expect(await worker.endingKind == "finished")
        }
    }

    @Test func aSendThatWaitsEndsWithTheStop() async throws {
        try await withDeadline {
            let scope = makeScope()
            let sent = Log<Int>()
            let blocking = scope.start("sends", reporting: Int.self, options: .init(sendBuffer: 1)) { worker in
                for number in 0... {
                    try worker.send(number)
                    sent.add(number)
                }
            }
            let suspending = scope.start("sends", reporting: Int.self, options: .init(sendBuffer: 1)) {
                (worker: AsyncWorkerContext<Int>) in
                for number in 0... {
                    try await worker.send(number)
                    sent.add(number)
                }
            }
            try await eventually { sent.count == 2 }
            scope.stop()
            #expect(await blocking.endingKind == "stopped")
            #expect(await suspending.endingKind == "stopped")
        }
    }

    @Test func aSequenceEndsWithTheWorkerAfterItsLastUpdate() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("reports", reporting: Int.self) { worker in
                for number in 0..<1_000 { worker.report(number) }
            }
            var last = -1
            for await number in worker.updates {
                #expect(number > last)
                last = number
            }
            #expect(last == 999)
            var again = worker.updates.makeAsyncIterator()
            #expect(await again.next() == 999, "each iterator sees the newest for itself")
            #expect(await again.next() == nil)
        }
    }

    @Test func aSequenceEndsWithItsTask() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            let worker = scope.start("waits", reporting: Int.self) { _ in gate.wait() }
            let readers = [
                Task { for await _ in worker.updates {} },
                Task { for await _ in worker.sent {} },
            ]
            for reader in readers { reader.cancel() }
            for reader in readers { await reader.value }
            gate.open()
        }
    }

    @Test func aSendOfACancelledChildEndsWithItsTask() async throws {
        try await withDeadline {
            let scope = makeScope(threads: 1)
            let worker = scope.start("sends", reporting: Int.self, options: .init(sendBuffer: 1)) {
                (worker: AsyncWorkerContext<Int>) in
                try await worker.send(1)
                await withTaskGroup(of: Bool.self) { group in
                    group.addTask {
                        do { try await worker.send(2) } catch { return error is CancellationError }
                        return false
                    }
                    group.cancelAll()
                    for await wasCancelled in group { #expect(wasCancelled) }
                }
            }
            #expect(await worker.endingKind == "finished")
        }
    }

    @Test func aCancelledListenerIsLetGoOfAtOnce() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            let census = Census()
            let worker = scope.start("waits", reporting: Int.self) { _ in gate.wait() }
            let listen = { @Sendable () -> [DeliveryRegistration] in
                let member = census.makeMember()
                return [
                    worker.onUpdate(on: ManualPort()) { _ in member.touch() },
                    worker.onSent(on: ManualPort()) { _ in member.touch() },
                    worker.onEnd(on: ManualPort()) { _ in member.touch() },
                ]
            }
            for registration in listen() { registration.cancel() }
            #expect(census.count == 0)
            gate.open()
            _ = await worker.ending
        }
    }

    @Test func updatesOfAWorkerThatHasEndedEnd() async throws {
        try await withDeadline {
            let scope = makeScope()
            let worker = scope.start("silent", reporting: Int.self) { _ in }
            _ = await worker.ending
            for await _ in worker.updates { Issue.record("nothing was reported") }
            for await _ in worker.sent { Issue.record("nothing was sent") }
        }
    }
}
