/// Decides when the main thread hangs. It knows no clock and no thread: time comes in as a parameter, what is to be done goes out.
struct WatchdogStateMachine {
    /// The two clocks of the system; they differ by what the machine was suspended.
    struct Time: Hashable, Sendable {
        /// Without the time in which the machine was suspended.
        var running: Duration
        /// With it.
        var all: Duration
    }

    enum Action: Hashable, Sendable {
        /// Post a beat with this number.
        case beat(UInt32)
        /// Look what the main thread does, and tell. It has not answered since then; so many hangs before it were not told.
        case tell(hang: Int, lasted: Duration, untold: Int)
        /// Tell that a hang is over.
        case tellEnd(hang: Int, lasted: Duration)
    }

    private enum State {
        /// It has never answered: who has no loop yet does not hang.
        case arming
        /// A beat is under way.
        case waiting(since: Duration)
        /// It was not there in time. Whether that was told, and under which number.
        case hanging(since: Duration, told: Int?)
    }

    private let threshold: Duration
    private let pause: Duration
    private let mostPerMinute: Int
    private var state = State.arming
    private var beats: UInt32 = 0
    /// When it began to sleep, and until when it wanted to.
    private var sleep: (from: Time, until: Duration)?
    private var hangs = 0
    private var told: [Duration] = []
    private var untold = 0

    /// Hangs that were not told, because there were too many.
    private(set) var allUntold = 0

    init(threshold: Duration, mostPerMinute: Int) {
        self.threshold = threshold
        pause = threshold / 2
        self.mostPerMinute = mostPerMinute
    }

    /// True while an answer is worth waking up for.
    var awaitsEnd: Bool { if case .hanging = state { true } else { false } }

    /// Until when to sleep, from now on; less if the main thread's answer ends a hang.
    mutating func sleeps(from now: Time) -> Duration {
        let until =
            switch state {
            case .arming, .hanging: now.running + pause
            case .waiting(let since): since + (now.running - since < pause ? pause : threshold)
            }
        sleep = (now, until)
        return until
    }

    /// Time has passed. `answered` is the number of the last beat that the main thread answered, `answeredAt` when it did (nil for now), `isTraced`
    /// whether a debugger holds this process.
    mutating func tick(
        _ now: Time, answered: UInt32, at answeredAt: Duration? = nil, isTraced: () -> Bool
    ) -> [Action] {
        let standstill = standstill(until: now)
        sleep = nil
        switch state {
        case .arming:
            guard beats > 0 else { return [beat()] }
            guard answered == beats else { return [] }
            return [nextBeat(now)]
        case .waiting(let since):
            if answered == beats { return now.running - since >= pause ? [nextBeat(now)] : [] }
            if standstill != nil { state = .waiting(since: now.running) }
            guard standstill == nil, now.running - since >= threshold else { return [] }
            guard !isTraced() else {
                state = .waiting(since: now.running)
                return []
            }
            return begin(since: since, now: now.running)
        case .hanging(let since, let number):
            let since = since + (standstill ?? .zero)
            guard answered == beats else {
                state = .hanging(since: since, told: number)
                return []
            }
            // Whoever tells of it has taken time since then; a standstill after the answer is in neither.
            let lasted = max(threshold, min(now.running, answeredAt ?? now.running) - since)
            return (number.map { [.tellEnd(hang: $0, lasted: lasted)] } ?? []) + [nextBeat(now)]
        }
    }

    private mutating func nextBeat(_ now: Time) -> Action {
        state = .waiting(since: now.running)
        return beat()
    }

    private mutating func begin(since: Duration, now: Duration) -> [Action] {
        hangs += 1
        told.removeAll { now - $0 >= .seconds(60) }
        guard told.count < mostPerMinute else {
            untold += 1
            allUntold += 1
            state = .hanging(since: since, told: nil)
            return []
        }
        told.append(now)
        state = .hanging(since: since, told: hangs)
        defer { untold = 0 }
        return [.tell(hang: hangs, lasted: now - since, untold: untold)]
    }

    private mutating func beat() -> Action {
        beats &+= 1
        return .beat(beats)
    }

    /// The time in which nobody ran, if there was any: the machine was suspended, or this process was stopped. Who sleeps much longer than it
    /// wanted to was not the only one who stood still.
    private func standstill(until now: Time) -> Duration? {
        guard let sleep else { return nil }
        let suspended = (now.all - sleep.from.all) - (now.running - sleep.from.running)
        let late = max(.zero, now.running - max(sleep.until, sleep.from.running))
        // The time of a suspend counts on one clock only.
        return suspended > .milliseconds(10) || late > threshold / 2 ? late : nil
    }
}
