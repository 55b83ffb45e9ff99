import CRoostProcess
import Glibc
import Roost

/// The thread that starts worker processes and learns of their ends. One per process, and it never ends: the kernel ends a
/// worker when the thread that started it does.
final class Supervisor: Sendable {
    static let shared = Supervisor()

    private struct State {
        var poll: Int32 = -1
        var wake: Int32 = -1
        var wakeWriter: Int32 = -1
        var commands: [@Sendable () -> Void] = []
        var watches: [UInt64: @Sendable (UInt32) -> Void] = [:]
        var lastTag: UInt64 = 0
        var tickers: [ObjectIdentifier: (number: UInt64, action: @Sendable () -> Bool)] = [:]
        var hasThread = false
    }

    private let state = Locked(State())
    /// How often running tasks are looked at: their memory, their time.
    static let tick = Duration.milliseconds(20)

    /// Runs `command` on the thread. Throws ``SystemCallError`` when there is none to be had.
    func run(_ command: @escaping @Sendable () -> Void) throws {
        try ensureThread()
        let wake = state.withLock { state in
            state.commands.append(command)
            return state.wakeWriter
        }
        var byte: UInt8 = 0
        _ = write(wake, &byte, 1)
    }

    private func ensureThread() throws {
        let mustStart = try state.withLock { state throws(SystemCallError) -> Bool in
            guard !state.hasThread else { return false }
            if state.poll < 0 {
                state.poll = roost_poll_new()
                guard state.poll >= 0 else { throw SystemCallError(call: "epoll_create1", errno: errno) }
            }
            if state.wake < 0 {
                var ends: [Int32] = [-1, -1]
                let failure = roost_pipe(&ends, 1)
                guard failure == 0 else { throw SystemCallError(call: "pipe2", errno: failure) }
                (state.wake, state.wakeWriter) = (ends[0], ends[1])
                _ = fcntl(ends[1], F_SETFL, O_NONBLOCK)
                _ = roost_poll_add(state.poll, ends[0], 0)
            }
            state.hasThread = true
            return true
        }
        guard mustStart else { return }
        if let failure = PlatformThread.start(name: "roost-processes", { self.serve() }) {
            state.withLock { $0.hasThread = false }
            throw SystemCallError(call: "pthread_create", errno: failure)
        }
    }

    /// Calls `action` on the thread whenever the descriptor is readable or over; returns what ``unwatch(_:_:)`` takes.
    func watch(_ descriptor: Int32, _ action: @escaping @Sendable (UInt32) -> Void) throws(SystemCallError) -> UInt64 {
        let (tag, poll) = state.withLock { state in
            state.lastTag += 1
            state.watches[state.lastTag] = action
            return (state.lastTag, state.poll)
        }
        let failure = roost_poll_add(poll, descriptor, tag)
        guard failure == 0 else {
            state.withLock { $0.watches[tag] = nil }
            throw SystemCallError(call: "epoll_ctl", errno: failure)
        }
        return tag
    }

    func unwatch(_ descriptor: Int32, _ tag: UInt64) {
        let (poll, action) = state.withLock { ($0.poll, $0.watches.removeValue(forKey: tag)) }
        _ = roost_poll_remove(poll, descriptor)
        withExtendedLifetime(action) {}
    }

    /// Calls `action` every ``tick`` until it returns false.
    func addTicker(_ owner: AnyObject, _ action: @escaping @Sendable () -> Bool) {
        state.withLock { state in
            state.lastTag += 1
            state.tickers[ObjectIdentifier(owner)] = (state.lastTag, action)
        }
        try? run {}
    }

    private func serve() {
        var events = [roost_poll_event](repeating: roost_poll_event(), count: 64)
        let (poll, wake) = state.withLock { ($0.poll, $0.wake) }
        var nextTick: MonotonicTime?
        while true {
            let timeout = nextTick.map { max(0, ($0 - .now).clampedNanoseconds) } ?? -1
            let count = roost_poll_wait(poll, &events, Int32(events.count), timeout)
            for event in events.prefix(Int(count)) {
                if event.tag == 0 {
                    var buffer = [UInt8](repeating: 0, count: 256)
                    while read(wake, &buffer, buffer.count) == buffer.count {}
                } else {
                    state.withLock { $0.watches[event.tag] }?(event.events)
                }
            }
            let commands = state.withLock { state in
                defer { state.commands = [] }
                return state.commands
            }
            for command in commands { command() }
            let tickers = state.withLock { $0.tickers }
            if tickers.isEmpty {
                nextTick = nil
            } else if let due = nextTick {
                if MonotonicTime.now >= due {
                    for (owner, ticker) in tickers where !ticker.action() {
                        // Another one may have been added since.
                        state.withLock { state in
                            if state.tickers[owner]?.number == ticker.number { state.tickers[owner] = nil }
                        }
                    }
                    nextTick = .now + Self.tick
                }
            } else {
                nextTick = .now + Self.tick
            }
        }
    }
}
