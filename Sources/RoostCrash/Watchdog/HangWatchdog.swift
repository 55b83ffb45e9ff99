import CRoostCensus
import CRoostStacks
import Glibc
import Synchronization

/// Tells when the main thread does not answer in time: while it hangs, with its stack, and with whoever holds the lock that it waits for.
///
/// A beat is posted to the main thread again and again, on a thread of its own with the name `roost-watchdog`. It begins to count once the main
/// thread has answered for the first time. Time in which the process was stopped, a debugger held it or the machine was suspended does not
/// count. Dropping the last reference stops it.
public final class HangWatchdog: Sendable {
    /// Posts a closure to the main thread.
    public typealias Beat = @Sendable (@escaping @Sendable () -> Void) -> Void

    /// How it watches.
    public struct Configuration: Sendable, Hashable {
        /// For how long the main thread may not answer, at least 10 ms. A hang is seen after one and a half times as long at the latest.
        public var threshold: Duration
        /// Which threads are interrupted to be asked for their stacks. A main thread that polls or sleeps is told with its system call alone
        /// unless this is ``ThreadCensus/Interrupting/all``.
        public var interrupting: ThreadCensus.Interrupting
        /// How many hangs are told within a minute; more are counted.
        public var mostPerMinute: Int

        /// Creates a configuration.
        public init(
            threshold: Duration = .milliseconds(250), interrupting: ThreadCensus.Interrupting = .onlyRestartable,
            mostPerMinute: Int = 10
        ) {
            self.threshold = max(threshold, .milliseconds(10))
            self.interrupting = interrupting
            self.mostPerMinute = mostPerMinute
        }
    }

    private let core: WatchdogCore

    /// Starts to watch.
    ///
    /// - Parameters:
    ///   - configuration: How it watches.
    ///   - beat: Posts a closure to the main thread; by default to libdispatch's main queue, which is also that of the main actor. Called on the
    ///     watchdog's thread.
    ///   - onEvent: Called on the watchdog's thread, one event after the other: once for each hang, and once for its end. While it runs, nobody
    ///     watches.
    /// - Throws: ``WatchdogError`` when there is no thread to be had, or no open file for the queue of the main thread.
    public init(
        _ configuration: Configuration = Configuration(), beat: Beat? = nil,
        onEvent: @escaping @Sendable (HangEvent) -> Void
    ) throws(WatchdogError) {
        let shortage = roost_watch_shortage()
        guard shortage == 0 else { throw WatchdogError(code: .openFiles, errno: shortage) }
        core = WatchdogCore(configuration, beat: beat, onEvent: onEvent)
        // proof: the thread takes it, or it is released below.
        let context = Unmanaged.passRetained(core)
        // Looking up names recurses; what is never touched costs nothing.
        let failure = roost_service_start(
            "roost-watchdog", 1 << 20,
            // proof: what was retained for this thread, taken once.
            { Unmanaged<WatchdogCore>.fromOpaque($0!).takeRetainedValue().run() }, context.toOpaque())
        guard failure == 0 else {
            context.release()
            throw WatchdogError(code: .thread, errno: failure)
        }
    }

    deinit { core.stop() }

    /// Ends the watch and its thread. No event begins afterwards; one that is being told at this moment is not waited for.
    public func stop() { core.stop() }

    /// How many hangs were not told, because there were too many.
    public var untold: Int { core.untold.load(ordering: .relaxed) }
}

/// The watch cannot be: it needs a thread and some open files.
public struct WatchdogError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is missing.
    public enum Code: String, Hashable, Sendable {
        /// A thread.
        case thread
        /// Open files, which the queue of the main thread needs: a higher limit has them (`ulimit -n`).
        case openFiles
    }

    /// What is missing.
    public let code: Code
    /// Why, as the system said it.
    public let errno: Int32

    public var description: String {
        let missing =
            switch code {
            case .thread: "no thread can be started"
            case .openFiles: "no more files can be opened, a higher limit (ulimit -n) helps"
            }
        return "the main thread is not watched: \(missing): \(String(cString: strerror(errno)))"
    }
}

/// The watch itself, on its thread.
final class WatchdogCore: Sendable {
    private let configuration: HangWatchdog.Configuration
    private let beat: HangWatchdog.Beat?
    private let onEvent: @Sendable (HangEvent) -> Void
    private let answers = Answers()
    let untold = Atomic<Int>(0)

    init(
        _ configuration: HangWatchdog.Configuration, beat: HangWatchdog.Beat?,
        onEvent: @escaping @Sendable (HangEvent) -> Void
    ) {
        self.configuration = configuration
        self.beat = beat
        self.onEvent = onEvent
    }

    func stop() { answers.stop() }

    func run() {
        var machine = WatchdogStateMachine(
            threshold: configuration.threshold, mostPerMinute: configuration.mostPerMinute)
        var hang: Hang?
        while !answers.isStopped {
            let bell = answers.bell
            let answered = answers.last
            let actions = machine.tick(.now, answered: answered, at: answers.lastAt) { roost_tracer() != 0 }
            untold.store(machine.allUntold, ordering: .relaxed)
            for action in actions where !answers.isStopped {
                switch action {
                case .beat(let number): post(number)
                case .tell(let number, let lasted, let untold):
                    let seen = look(number, lasted, untold)
                    hang = seen
                    if !answers.isStopped { onEvent(.began(seen)) }
                case .tellEnd(_, let lasted):
                    guard var over = hang else { continue }
                    (over.lasted, over.isOver) = (lasted, true)
                    hang = nil
                    onEvent(.ended(over))
                }
            }
            answers.wakes(machine.awaitsEnd)
            // Who answered before it was said that this is worth a wake-up has not rung.
            if machine.awaitsEnd, answers.last == answers.posted { continue }
            let now = WatchdogStateMachine.Time.now
            answers.wait(bell, (machine.sleeps(from: now) - now.running).nanosecondsClamped)
        }
    }

    private func post(_ number: UInt32) {
        answers.posted = number
        if let beat {
            beat { [answers] in answers.answer(number) }
        } else {
            // proof: released by the job below, which runs once.
            let context = Unmanaged.passRetained(MainQueueBeat(answers, number)).toOpaque()
            // proof: what was retained for this job, taken once.
            roost_watch_beat({ Unmanaged<MainQueueBeat>.fromOpaque($0).takeRetainedValue().answer() }, context)
        }
    }

    /// What the main thread does, and who holds it up.
    private func look(_ number: Int, _ lasted: Duration, _ untold: Int) -> Hang {
        let process = getpid()
        var hang = Hang(
            number: number, lasted: lasted, seenAt: Int64(time(nil)), isOver: false, main: record(of: process),
            holders: [],
            untold: untold)
        var next = hang.main?.wait?.lock?.holder
        while let id = next, id != process, hang.holders.count < 4, !hang.holders.contains(where: { $0.id == id }),
            let holder = record(of: id)
        {
            hang.holders.append(holder)
            next = holder.wait?.lock?.holder
        }
        return hang
    }

    private func record(of thread: Int32) -> ThreadRecord? {
        ThreadCensus.take(.init(interrupting: configuration.interrupting, threads: [thread])).threads.first
    }
}

extension WatchdogStateMachine.Time {
    static var now: Self {
        Self(running: .nanoseconds(roost_time_without_suspend()), all: .nanoseconds(roost_time_with_suspend()))
    }
}
