import Glibc
import RoostTesting
import Testing

@testable import Roost

@Suite struct StopTokenWaitingTests {
    @Test func aDeadlineStopsTheSource() {
        let clock = ManualClock()
        let source = StopSource(timeout: .seconds(5), time: clock)
        clock.advance(by: .seconds(4))
        #expect(!source.token.isStopped)
        clock.advance(by: .seconds(1))
        #expect(source.token.reason == .deadline)
    }

    @Test func theDeadlineOfADroppedSourceIsTakenBack() {
        let clock = ManualClock()
        do { _ = StopSource(timeout: .seconds(5), time: clock).token }
        #expect(clock.pending == 0)
    }

    @Test func aStopEndsABlockingSleepAtOnce() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let source = StopSource()
            let token = source.token
            let sleeper = inBackground { try token.sleep(for: .seconds(1_000), time: clock) }
            await clock.waitForSleepers(1)
            source.stop(.windowClosed)
            await #expect(throws: StopError(.windowClosed)) { try await sleeper.value }
            #expect(clock.pending == 0)
        }
    }

    @Test func aBlockingSleepEndsInTime() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let token = StopSource().token
            let sleeper = inBackground { try token.sleep(for: .seconds(10), time: clock) }
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(10))
            try await sleeper.value
            try await onThread { try token.sleep(for: .milliseconds(1)) }
        }
    }

    @Test func aStoppedTokenDoesNotSleep() async throws {
        let source = StopSource()
        source.stop()
        let token = source.token
        await #expect(throws: StopError.self) { try await onThread { try token.sleep(for: .seconds(1_000)) } }
        await #expect(throws: StopError.self) { try await token.sleep(for: .seconds(1_000)) }
    }

    @Test func anAsyncSleepEndsWithStopCancellationOrTime() async throws {
        try await withDeadline {
            let clock = ManualClock()
            let source = StopSource()
            let token = source.token
            let inTime = Task { try await token.sleep(for: .seconds(1), time: clock) }
            await clock.waitForSleepers(1)
            clock.advance(by: .seconds(1))
            try await inTime.value
            let cancelled = Task { try await token.sleep(for: .seconds(1), time: clock) }
            await clock.waitForSleepers(1)
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            let stopped = Task { try await token.sleep(for: .seconds(1), time: clock) }
            await clock.waitForSleepers(1)
            source.stop(.deadline)
            await #expect(throws: StopError(.deadline)) { try await stopped.value }
            #expect(clock.pending == 0)
        }
    }

    @Test func stopRequestedReturnsTheReason() async throws {
        try await withDeadline {
            let source = StopSource()
            let token = source.token
            let waiter = Task { try await token.stopRequested() }
            try await eventually { token.node.callbackCount == 1 }
            source.stop(.deadline)
            let awaited = try await waiter.value
            let again = try await token.stopRequested()
            #expect(awaited == .deadline && again == .deadline)
            let never = StopSource()
            let cancelled = Task { try await never.token.stopRequested() }
            try await eventually { never.token.node.callbackCount == 1 }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
        }
    }

    @Test func aBlockingWaitForAStopEndsWithItsReasonOrItsTime() async throws {
        try await withDeadline {
            let source = StopSource()
            let token = source.token
            let early = try await onThread { token.waitForStop(within: .milliseconds(5)) }
            #expect(early == nil)
            let waiter = inBackground { token.waitForStop() }
            try await eventually { token.node.callbackCount == 1 }
            source.stop(.windowClosed)
            let reason = try await waiter.value
            #expect(reason == .windowClosed)
            let again = try await onThread { token.waitForStop() }
            #expect(again == .windowClosed)
        }
    }

    @Test func nobodyWaitsForTheStopOfAWorkerThatHasEnded() async throws {
        try await withDeadline {
            let scope = makeScope()
            let gate = Gate()
            let worker = await scope.occupy(1, until: gate)[0]
            let async = Task { try await worker.token.stopRequested() }
            let blocking = inBackground { worker.token.waitForStop() }
            try await eventually { worker.worker.callbackCount == 2 }
            gate.open()
            await #expect(throws: CancellationError.self) { _ = try await async.value }
            let reason = try await blocking.value
            #expect(reason == nil)
            await #expect(throws: CancellationError.self) { _ = try await worker.token.stopRequested() }
            let late = try await onThread { worker.token.waitForStop() }
            #expect(late == nil)
        }
    }

    // MARK: Descriptors

    /// Both ends of a pipe, closed at the end.
    private func withPipe<Value: Sendable>(
        _ body: @Sendable (_ readEnd: Int32, _ writeEnd: Int32) async throws -> Value
    ) async throws -> Value {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw SystemCallError(call: "pipe", errno: errno) }
        let (readEnd, writeEnd) = (ends[0], ends[1])
        defer { for end in [readEnd, writeEnd] { close(end) } }
        return try await body(readEnd, writeEnd)
    }

    @Test func aStopEndsAWaitForADescriptor() async throws {
        try await withDeadline {
            try await withPipe { readEnd, _ in
                let source = StopSource()
                let token = source.token
                let waiter = inBackground { try token.wait(for: .readable, on: readEnd) }
                try await eventually { token.node.callbackCount == 1 }
                source.stop(.windowClosed)
                await #expect(throws: StopError(.windowClosed)) { _ = try await waiter.value }
            }
        }
    }

    @Test func aDescriptorThatIsReadyEndsTheWait() async throws {
        try await withDeadline {
            try await withPipe { readEnd, writeEnd in
                let token = StopSource().token
                let ready = try await onThread { try token.wait(for: .writable, on: writeEnd) }
                #expect(ready.contains(.writable))
                let waiter = inBackground { try token.wait(for: .readable, on: readEnd) }
                var byte: UInt8 = 7
                #expect(write(writeEnd, &byte, 1) == 1)
                #expect(try await waiter.value.contains(.readable))
            }
        }
    }

    @Test func aWaitPastItsTimeIsEmpty() async throws {
        try await withDeadline {
            try await withPipe { readEnd, _ in
                let token = StopSource().token
                let ready = try await onThread {
                    try token.wait(for: .readable, on: readEnd, within: .milliseconds(5))
                }
                #expect(ready.isEmpty)
            }
        }
    }

    @Test func tasksWaitForDescriptorsWithoutAThreadEach() async throws {
        try await withDeadline {
            try await withPipe { readEnd, writeEnd in
                let source = StopSource()
                let token = source.token
                let room = try await token.wait(for: .writable, on: writeEnd)
                #expect(room.contains(.writable))
                let nothing = try await token.wait(for: .readable, on: readEnd, within: .milliseconds(5))
                #expect(nothing.isEmpty)
                let readers = (0..<200).map { _ in Task { try await token.wait(for: .readable, on: readEnd) } }
                try await eventually { token.node.callbackCount == 200 }
                #expect(threadNames().count { $0 == "roost-poll" } == 1)
                var byte: UInt8 = 7
                #expect(write(writeEnd, &byte, 1) == 1)
                for reader in readers {
                    let ready = try await reader.value
                    #expect(ready.contains(.readable))
                }
                #expect(read(readEnd, &byte, 1) == 1)
                let cancelled = Task { try await token.wait(for: .readable, on: readEnd) }
                try await eventually { token.node.callbackCount == 1 }
                cancelled.cancel()
                await #expect(throws: CancellationError.self) { _ = try await cancelled.value }
                let stopped = Task { try await token.wait(for: .readable, on: readEnd) }
                try await eventually { token.node.callbackCount == 1 }
                source.stop(.windowClosed)
                await #expect(throws: StopError(.windowClosed)) { _ = try await stopped.value }
            }
        }
    }

    /// The number of one that was closed is the next that the system gives out, also to whoever is about to wait.
    @Test func aDescriptorThatWasJustClosedIsBroken() async throws {
        try await withDeadline {
            let token = StopSource().token
            var broken = (blocking: 0, suspending: 0)
            for _ in 0..<50 {
                let closed = dup(0)
                close(closed)
                let blocking = try await onThread {
                    try token.wait(for: .readable, on: closed, within: .milliseconds(1))
                }
                let suspending = try await token.wait(for: .readable, on: closed, within: .milliseconds(1))
                if blocking == .broken { broken.blocking += 1 }
                if suspending == .broken { broken.suspending += 1 }
            }
            // Other tests open and close descriptors of the same number meanwhile.
            #expect(broken.blocking > 0 && broken.suspending > 0)
        }
    }

    @Test func durationsOfAnyLengthAreTaken() async throws {
        try await withDeadline {
            let token = StopSource().token
            let scope = makeScope()
            let ages: [Duration] = [.seconds(Int64.min), .seconds(-20_000_000_000), .seconds(-1), .zero]
            for age in ages {
                #expect(try await onThread { token.waitForStop(within: age) } == nil)
                try await onThread { try token.sleep(for: age) }
                let ready = try await onThread { try token.wait(for: .readable, on: -1, within: age) }
                #expect(ready == .broken)
                try await scope.start("sleeps") { worker in try worker.sleep(for: age) }.value
            }
            #expect(MonotonicTime.now + .seconds(Int64.max) > .now)
            #expect(MonotonicTime.now + .seconds(Int64.min) < .now)
        }
    }

    @Test func aTaskIsToldOfADescriptorThatIsNotOpen() async throws {
        try await withDeadline {
            let token = StopSource().token
            let negative = try await token.wait(for: .readable, on: -1)
            #expect(negative == .broken)
            let ready = try await token.wait(for: .readable, on: 987_654)
            #expect(!ready.isDisjoint(with: .broken))
        }
    }

    @Test func aDescriptorThatIsNotOpenIsBroken() async throws {
        try await withDeadline {
            let token = StopSource().token
            let negative = try await onThread { try token.wait(for: .readable, on: -1, within: .seconds(50)) }
            #expect(negative.contains(.broken) || !negative.isDisjoint(with: .broken))
            let closed = try await onThread { try token.wait(for: .readable, on: 100_000, within: .seconds(50)) }
            #expect(!closed.isDisjoint(with: .broken))
        }
    }
}
