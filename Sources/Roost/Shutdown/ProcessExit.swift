import CRoostPlatform
import Glibc
import Synchronization

/// The last step of an orderly end.
package enum ProcessExit {
    private static let hasBegun = Atomic<Bool>(false)
    private static let onExit = Locked<(@Sendable () -> Void)?>(nil)

    /// What is to be done between the report and `exit`.
    static func prepare(_ action: @escaping @Sendable () -> Void) {
        onExit.withLock { $0 = action }
    }

    /// Ends the process as the outcome says. Only the first caller does; another one waits to be ended.
    package static func end(_ outcome: ProcessOutcome) -> Never {
        if hasBegun.exchange(true, ordering: .acquiringAndReleasing) {
            while true { Parker().park() }
        }
        switch outcome {
        case .signalled(let number):
            flushOutput(until: .now + .milliseconds(50))
            roost_say_last_words()
            roost_end_by_signal(number)
        case .exited(let status):
            roost_say_last_words()
            onExit.withLock { $0 }?()
            exit(status)
        }
    }

    /// The same for a program that exits by itself: false when standard output is full and nobody reads it. One that takes
    /// something but is not flushed within a second has its lock held by a thread, which `exit` copes with.
    static func flushOutputToReader(until deadline: MonotonicTime) -> Bool {
        let isFlushed = Parker()
        let flush: @Sendable () -> Void = {
            // Not all streams: should it hang, the lock of their list would keep `exit` from its end as well.
            roost_flush_standard_output()
            isFlushed.unpark()
        }
        SystemTime.shared.runOnThread(named: "roost-flush", or: .budgets, flush)
        let begun = MonotonicTime.now
        while !isFlushed.park(until: min(deadline, .now + .milliseconds(50))) {
            var entry = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
            let takesSomething = poll(&entry, 1, 0) != 0
            if takesSomething, .now - begun > .seconds(1) { return true }
            if .now >= deadline { return takesSomething }
        }
        return true
    }

    /// What was printed should be seen. A thread may hold a stream's lock for ever, or nobody may read: this waits until
    /// `deadline` at most.
    static func flushOutput(until deadline: MonotonicTime) {
        let parker = Parker()
        let flush: @Sendable () -> Void = {
            fflush(nil)
            parker.unpark()
        }
        SystemTime.shared.runOnThread(named: "roost-flush", or: .budgets, flush)
        parker.park(until: deadline)
    }
}
