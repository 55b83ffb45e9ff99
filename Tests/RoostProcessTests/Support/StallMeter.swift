import Foundation
import Roost
import Synchronization

/// What the machine takes from whoever wants to do something meanwhile: a thread sleeps a millisecond, again and again, and counts by how
/// much it was late. A limit that is about Roost is not about that.
final class StallMeter: Sendable {
    private let lost = Atomic<Int64>(0)
    private let isOver = Atomic<Bool>(false)
    private let hasEnded = DispatchSemaphore(value: 0)

    /// Counts from now on, until it is stopped.
    init() {
        let hasBegun = DispatchSemaphore(value: 0)
        Thread.detachNewThread { [self] in
            hasBegun.signal()
            while !isOver.load(ordering: .relaxed) {
                let began = ContinuousClock.now
                usleep(1_000)
                let late = ContinuousClock.now - began - .milliseconds(1)
                if late > .milliseconds(1) { lost.add(late.clampedNanoseconds, ordering: .relaxed) }
            }
            hasEnded.signal()
        }
        hasBegun.wait()
    }

    /// What it is late with is counted, too.
    func stop() {
        isOver.store(true, ordering: .relaxed)
        hasEnded.wait()
    }

    /// The limit with what was lost so far.
    func extended(_ limit: Duration) -> Duration { limit + .nanoseconds(lost.load(ordering: .relaxed)) }
}
