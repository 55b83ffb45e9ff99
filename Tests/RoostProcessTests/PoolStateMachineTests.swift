import Testing

@testable import RoostProcess

@Suite struct PoolStateMachineTests {
    final class Task {
        let name: String
        init(_ name: String) { self.name = name }
    }
    typealias Machine = PoolStateMachine<Task>

    static func machine(
        minimum: Int = 0, maximum: Int = 2, spares: Int = 0, _ change: (inout Machine.Settings) -> Void = { _ in }
    ) -> Machine {
        var settings = Machine.Settings(minimum: minimum, maximum: maximum, spares: spares)
        change(&settings)
        return Machine(settings)
    }

    /// `start 1`, `offer a 1.0`, `dismiss 1`, `fail a`.
    static func text(_ actions: [Machine.Action]) -> [String] {
        actions.map { action in
            switch action {
            case .start(let worker): "start \(worker)"
            case .offer(let task, let worker, let slot): "offer \(task.name) \(worker).\(slot)"
            case .dismiss(let worker): "dismiss \(worker)"
            case .fail(let task): "fail \(task.name)"
            }
        }
    }

    @Test func workersAreStartedForWorkAndNoMoreThanAllowed() {
        var machine = Self.machine()
        #expect(Self.text(machine.begin()) == [])
        #expect(Self.text(machine.submit(Task("a"), priority: 2)) == ["start 1"])
        #expect(Self.text(machine.submit(Task("b"), priority: 2)) == ["start 2"])
        #expect(Self.text(machine.submit(Task("c"), priority: 2)) == [])
        #expect(Self.text(machine.isReady(1, now: 0)) == ["offer a 1.0"])
        #expect(Self.text(machine.isReady(2, now: 0)) == ["offer b 2.0"])
        #expect(Self.text(machine.freed(worker: 2, slot: 0, time: 1_000_000, now: 5)) == ["offer c 2.0"])
        #expect(machine.queued == 0)
    }

    @Test func theLeastNumberAndTheSpareAreThereBeforeWork() {
        var machine = Self.machine(minimum: 2, maximum: 3, spares: 1)
        #expect(Self.text(machine.begin()) == ["start 1", "start 2"])
        _ = machine.isReady(1, now: 0)
        _ = machine.isReady(2, now: 0)
        #expect(Self.text(machine.submit(Task("a"), priority: 2)) == ["offer a 2.0"])
        // Two are busy: the spare makes three.
        #expect(Self.text(machine.submit(Task("b"), priority: 2)) == ["offer b 1.0", "start 3"])
    }

    @Test func urgentTasksGoFirstAndEqualsInTheOrderTheyCame() {
        var machine = Self.machine(maximum: 1)
        for (name, priority) in [("a", 2), ("b", 0), ("c", 4), ("d", 4)] {
            _ = machine.submit(Task(name), priority: priority)
        }
        var order: [String] = []
        var actions = machine.isReady(1, now: 0)
        while case .offer(let task, let worker, let slot)? = actions.first {
            order.append(task.name)
            actions = machine.freed(worker: worker, slot: slot, time: 1_000_000, now: 0)
        }
        #expect(order == ["c", "d", "a", "b"])
    }

    @Test func tasksGoAheadOnlyToWorkersWhoseTasksAreShort() {
        var machine = Self.machine(maximum: 1) { $0.depth = 3 }
        _ = machine.submit(Task("a"), priority: 2)
        #expect(Self.text(machine.isReady(1, now: 0)) == ["offer a 1.0"])
        // Nothing is known of it yet.
        #expect(Self.text(machine.submit(Task("b"), priority: 2)) == [])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)) == ["offer b 1.0"])
        #expect(Self.text(machine.submit(Task("c"), priority: 2)) == ["offer c 1.1"])
        #expect(Self.text(machine.submit(Task("d"), priority: 2)) == ["offer d 1.2"])
        #expect(Self.text(machine.submit(Task("e"), priority: 2)) == [])
        // One that took long: the mean is above what is short, and what waits goes on waiting.
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 10_000_000, now: 0)) == [])
    }

    @Test func aTaskThatWasTakenBackKeepsItsSlotUntilItIsSkipped() {
        var machine = Self.machine(maximum: 1) { $0.depth = 3 }
        _ = machine.submit(Task("a"), priority: 2)
        _ = machine.isReady(1, now: 0)
        _ = machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)
        _ = machine.submit(Task("b"), priority: 2)
        _ = machine.submit(Task("c"), priority: 2)
        #expect(machine.wasRevoked(worker: 1, slot: 1)?.name == "c")
        #expect(machine.wasRevoked(worker: 1, slot: 1) == nil)
        #expect(machine.workers[1]?.inFlight == 1)
        #expect(Self.text(machine.submit(Task("d"), priority: 2)) == ["offer d 1.2"])
        _ = machine.freed(worker: 1, slot: 1, time: nil, now: 0)
        #expect(machine.workers[1]?.revoked == [])
    }

    @Test func aDeadWorkersTasksAreHandedBackAndAnotherIsStarted() {
        var machine = Self.machine(maximum: 1) { $0.depth = 4 }
        _ = machine.submit(Task("a"), priority: 2)
        _ = machine.isReady(1, now: 0)
        _ = machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)
        for name in ["b", "c", "d"] { _ = machine.submit(Task(name), priority: 2) }
        let had = machine.died(1, wasAsked: false)
        #expect(had.map(\.job.name) == ["b", "c", "d"])
        #expect(machine.workers.isEmpty)
        // Not before the error of the one that crashed is out.
        #expect(Self.text(machine.handBack(had[1...].map { ($0.job, 2) })) == [])
        #expect(Self.text(machine.recover()) == ["start 2"])
        #expect(Self.text(machine.isReady(2, now: 0)) == ["offer c 2.0"])
    }

    @Test func whatIsHandedBackGoesToWorkersThatAreThereInTheOrderItWas() {
        var machine = Self.machine(maximum: 2)
        for name in ["a", "b"] { _ = machine.submit(Task(name), priority: 2) }
        for worker in 1...2 { _ = machine.isReady(worker, now: 0) }
        _ = machine.freed(worker: 2, slot: 0, time: 10_000, now: 0)
        for name in ["c", "d", "e"] { _ = machine.submit(Task(name), priority: 2) }
        // Worker 2, whose tasks are short, has all of them.
        let had = machine.died(2, wasAsked: false)
        #expect(had.map(\.job.name) == ["c", "d", "e"])
        _ = machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)
        #expect(
            Self.text(machine.handBack(had[1...].map { ($0.job, 2) })) == ["offer d 1.0", "offer e 1.1"])
    }

    @Test func whatWasHandedOutIsNotKept() {
        var machine = Self.machine(maximum: 1)
        _ = machine.submit(Task("first"), priority: 2)
        for name in ["a", "b"] { _ = machine.submit(Task(name), priority: 2) }
        weak var first: Task?
        do {
            let actions = machine.isReady(1, now: 0)
            if case .offer(let task, _, _)? = actions.first { first = task }
        }
        #expect(first?.name == "first" && machine.queued == 2)
        _ = machine.freed(worker: 1, slot: 0, time: 10_000_000, now: 0)
        #expect(first == nil, "the queue still has it")
    }

    @Test func aWorkerWhoseRingWasFullWithoutATaskIsTriedAgain() {
        var machine = Self.machine(maximum: 1)
        let task = Task("a")
        _ = machine.submit(task, priority: 2)
        _ = machine.isReady(1, now: 0)
        #expect(Self.text(machine.wasRefused(task, priority: 2, worker: 1, slot: 0)) == [])
        #expect(Self.text(machine.retryFull()) == ["offer a 1.0"])
        #expect(Self.text(machine.retryFull()) == [])
    }

    @Test func workersThatDieBesideOneThatServesBreakNothing() {
        var machine = Self.machine(maximum: 2)
        _ = machine.submit(Task("a"), priority: 2)
        _ = machine.isReady(1, now: 0)
        #expect(Self.text(machine.submit(Task("b"), priority: 2)) == ["start 2"])
        for worker in 2...4 {
            _ = machine.died(worker, wasAsked: false)
            #expect(Self.text(machine.recover()) == ["start \(worker + 1)"])
        }
        _ = machine.died(5, wasAsked: false)
        #expect(Self.text(machine.recover()) == [])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 10_000_000, now: 0)) == ["offer b 1.0"])
        // With the last one that served it is over.
        _ = machine.submit(Task("c"), priority: 2)
    }

    @Test func workersThatOnlyDieAreGivenUp() {
        var machine = Self.machine(maximum: 1)
        _ = machine.submit(Task("a"), priority: 2)
        for worker in 1...3 {
            #expect(machine.died(worker, wasAsked: false).isEmpty)
            #expect(Self.text(machine.recover()) == ["start \(worker + 1)"])
        }
        _ = machine.died(4, wasAsked: false)
        #expect(Self.text(machine.recover()) == ["fail a"])
        #expect(Self.text(machine.submit(Task("b"), priority: 2)) == ["fail b"])
        #expect(Self.text(machine.tryAgain()) == [])
        #expect(Self.text(machine.submit(Task("c"), priority: 2)) == ["start 5"])
    }

    @Test func workersThatSomebodyKillsAreTriedLonger() {
        var machine = Self.machine(maximum: 1)
        _ = machine.submit(Task("a"), priority: 2)
        for worker in 1...9 {
            _ = machine.died(worker, wasAsked: false, wasKilled: true)
            #expect(Self.text(machine.recover()) == ["start \(worker + 1)"])
        }
        _ = machine.died(10, wasAsked: false, wasKilled: true)
        #expect(Self.text(machine.recover()) == ["fail a"])
    }

    @Test func workersAreReplacedAfterSoManyTasks() {
        var machine = Self.machine(maximum: 1) { $0.tasksPerWorker = 2 }
        for name in ["a", "b", "c"] { _ = machine.submit(Task(name), priority: 2) }
        _ = machine.isReady(1, now: 0)
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 1_000, now: 0)) == ["offer b 1.0"])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 1_000, now: 0)) == ["dismiss 1", "start 2"])
        #expect(machine.died(1, wasAsked: true).isEmpty)
        #expect(Self.text(machine.isReady(2, now: 0)) == ["offer c 2.0"])
    }

    @Test func idleWorkersGoDownToTheLeastNumber() {
        var machine = Self.machine(minimum: 1, maximum: 3)
        _ = machine.begin()
        for name in ["a", "b", "c"] { _ = machine.submit(Task(name), priority: 2) }
        for worker in 1...3 { _ = machine.isReady(worker, now: 0) }
        for worker in 1...3 { _ = machine.freed(worker: worker, slot: 0, time: 1_000_000, now: Int64(worker) * 100) }
        #expect(machine.oldestIdle == 100)
        #expect(Self.text(machine.shrink(idleSince: 150)) == ["dismiss 1"])
        #expect(Self.text(machine.shrink(idleSince: 1_000)) == ["dismiss 2"])
        #expect(Self.text(machine.shrink(idleSince: 1_000)) == [])
    }

    @Test func aClosedPoolFailsWhatWaitsAndWhatComes() {
        var machine = Self.machine(maximum: 1)
        _ = machine.submit(Task("a"), priority: 2)
        _ = machine.isReady(1, now: 0)
        _ = machine.submit(Task("b"), priority: 2)
        #expect(Self.text(machine.close()) == ["fail b"])
        #expect(Self.text(machine.submit(Task("c"), priority: 2)) == ["fail c"])
    }

    /// A pool that is closed, or has given up, looks at its queue no more: what comes back then fails.
    @Test(arguments: [true, false]) func whatAFullRingRefusesWaitsForNobody(isClosed: Bool) {
        var machine = Self.machine(maximum: 1)
        let task = Task("a")
        _ = machine.submit(task, priority: 2)
        #expect(Self.text(machine.isReady(1, now: 0)) == ["offer a 1.0"])
        _ = isClosed ? machine.close() : machine.giveUp()
        #expect(Self.text(machine.wasRefused(task, priority: 2, worker: 1, slot: 0)) == ["fail a"])
        #expect(machine.queued == 0 && machine.isIdle)
    }

    /// The task that ran there has ended, and the one behind it, which had not been sent, goes elsewhere: it has nothing, and gets the next.
    @Test func aWorkerWhoseLastTaskWasWithheldIsIdle() {
        var machine = Self.machine(maximum: 1)
        let other = Task("b")
        _ = machine.submit(Task("a"), priority: 2)
        _ = machine.isReady(1, now: 0)
        _ = machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)
        #expect(Self.text(machine.submit(Task("c"), priority: 2)) == ["offer c 1.0"])
        #expect(Self.text(machine.submit(other, priority: 2)) == ["offer b 1.1"])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 10_000, now: 0)) == [])
        let isWithheld = machine.wasWithheld(other, worker: 1, slot: 1)
        #expect(isWithheld)
        #expect(Self.text(machine.submit(Task("d"), priority: 2)) == ["offer d 1.0"])
    }

    /// It was to be ended when it said hello.
    @Test func aDoomedWorkerGetsNothing() {
        var machine = Self.machine(maximum: 1)
        _ = machine.submit(Task("a"), priority: 2)
        machine.doom(1)
        #expect(Self.text(machine.isReady(1, now: 0)) == [])
        #expect(!machine.hasEverBeenReady && machine.queued == 1)
    }

    @Test func aStoppedTaskLeavesTheQueueFromAnyPlace() {
        var machine = Self.machine(maximum: 1)
        let tasks = ["a", "b", "c", "d"].map { Task($0) }
        for task in tasks { _ = machine.submit(task, priority: 2) }
        #expect(Self.text(machine.isReady(1, now: 0)) == ["offer a 1.0"])
        let removed = [2, 2, 0].map { machine.remove(tasks[$0], priority: 2) }
        #expect(removed == [true, false, false])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 1_000_000, now: 0)) == ["offer b 1.0"])
        #expect(Self.text(machine.freed(worker: 1, slot: 0, time: 1_000_000, now: 0)) == ["offer d 1.0"])
        #expect(machine.queued == 0)
    }
}
