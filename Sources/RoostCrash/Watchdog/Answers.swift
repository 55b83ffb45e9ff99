import CRoostCensus
import Synchronization

/// What the main thread and the watchdog know of each other. The main thread only stores a number and a time: it wakes nobody up, unless its answer is
/// the end of a hang.
final class Answers: Sendable {
    private let answered = Atomic<UInt32>(0)
    private let answeredAt = Atomic<Int64>(0)
    private let sent = Atomic<UInt32>(0)
    private let isWoken = Atomic<Bool>(false)
    private let isOver = Atomic<Bool>(false)
    /// Counts what the watchdog must not sleep through.
    private let rung = Atomic<UInt32>(0)

    var last: UInt32 { answered.load(ordering: .sequentiallyConsistent) }
    /// When it answered last: the watchdog may look later. Without the time in which the machine was suspended.
    var lastAt: Duration { .nanoseconds(answeredAt.load(ordering: .acquiring)) }
    var bell: UInt32 { rung.load(ordering: .acquiring) }
    var isStopped: Bool { isOver.load(ordering: .acquiring) }
    var posted: UInt32 {
        get { sent.load(ordering: .relaxed) }
        set { sent.store(newValue, ordering: .relaxed) }
    }

    func wakes(_ wakes: Bool) { isWoken.store(wakes, ordering: .sequentiallyConsistent) }

    func answer(_ number: UInt32) {
        answeredAt.store(roost_time_without_suspend(), ordering: .releasing)
        answered.store(number, ordering: .sequentiallyConsistent)
        if isWoken.load(ordering: .sequentiallyConsistent) { ring() }
    }

    func stop() {
        isOver.store(true, ordering: .releasing)
        ring()
    }

    func wait(_ bell: UInt32, _ nanoseconds: Int64) {
        // An atomic is never moved while it is borrowed, so its address is the futex's identity.
        withUnsafePointer(to: rung) { roost_watch_wait($0, bell, nanoseconds) }
    }

    private func ring() {
        rung.wrappingAdd(1, ordering: .releasing)
        withUnsafePointer(to: rung) { roost_watch_wake($0) }
    }
}

/// A beat on its way through libdispatch's main queue.
final class MainQueueBeat: Sendable {
    private let answers: Answers
    private let number: UInt32

    init(_ answers: Answers, _ number: UInt32) {
        self.answers = answers
        self.number = number
    }

    func answer() { answers.answer(number) }
}
