import CRoostPlatform
import Glibc

/// One thread that waits for any number of descriptors, so that a task that waits for one holds no thread of its own.
///
/// It starts with the first wait and sleeps while nothing is watched.
final class DescriptorWatcher: Sendable {
    static let shared = DescriptorWatcher()

    private struct Watch {
        let descriptor: Int32
        let interest: Int16
        let action: @Sendable (Result<Int16, SystemCallError>) -> Void
    }

    private struct State {
        var watches: [UInt64: Watch] = [:]
        var lastID: UInt64 = 0
        var isRunning = false
        /// An eventfd that ends the present poll; made with the first wait, and kept.
        var wake: Int32 = -1
    }

    private let state = Locked(State())

    /// Calls `action` once, on the watcher's thread, with what is ready or why the system refuses to wait. The id is for
    /// ``forget(_:)``. Throws ``SystemCallError`` when the system has no descriptor or thread left.
    func watch(
        _ descriptor: Int32, for interest: Int16,
        _ action: @escaping @Sendable (Result<Int16, SystemCallError>) -> Void
    ) throws(SystemCallError) -> UInt64 {
        let (id, mustStart, wake) = try state.withLock { state throws(SystemCallError) -> (UInt64, Bool, Int32) in
            if state.wake < 0 { state.wake = roost_eventfd() }
            guard state.wake >= 0 else { throw SystemCallError(call: "eventfd", errno: errno) }
            state.lastID += 1
            state.watches[state.lastID] = Watch(descriptor: descriptor, interest: interest, action: action)
            defer { state.isRunning = true }
            return (state.lastID, !state.isRunning, state.wake)
        }
        guard mustStart else {
            roost_eventfd_signal(wake)
            return id
        }
        let options = PlatformThread.Options(stackSize: 256 * 1024)
        if let failure = PlatformThread.start(name: "roost-poll", options: options, { self.run(wake) }) {
            // Whoever began to wait meanwhile waits for the same thread.
            state.withLock { $0.isRunning = false }
            finish(
                state.withLock { Array($0.watches.keys) },
                .failure(SystemCallError(call: "pthread_create", errno: failure)))
        }
        return id
    }

    func forget(_ id: UInt64) {
        // Let go outside the lock, with what it captured.
        let (watch, wake) = state.withLock { ($0.watches.removeValue(forKey: id), $0.wake) }
        if watch != nil { roost_eventfd_signal(wake) }
    }

    private func finish(_ ids: [UInt64], _ result: Result<Int16, SystemCallError>) {
        for id in ids {
            // Forgotten meanwhile, it is nobody's business any more.
            let action = state.withLock { $0.watches.removeValue(forKey: id) }?.action
            action?(result)
        }
    }

    private func run(_ wake: Int32) {
        let always = Int16(POLLERR) | Int16(POLLHUP) | Int16(POLLNVAL)
        while true {
            // One entry a descriptor, however many wait for it: the system limits the entries.
            var interests: [Int32: Int16] = [:]
            var waiting: [Int32: [(id: UInt64, interest: Int16)]] = [:]
            let watches = state.withLock { $0.watches }
            for (id, watch) in watches.sorted(by: { $0.key < $1.key }) {
                interests[watch.descriptor, default: 0] |= watch.interest
                waiting[watch.descriptor, default: []].append((id, watch.interest))
            }
            var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
            entries += interests.map { pollfd(fd: $0.key, events: $0.value, revents: 0) }
            if poll(&entries, nfds_t(entries.count), -1) < 0 {
                let failure = SystemCallError(call: "poll", errno: errno)
                if failure.errno != EINTR { finish(Array(watches.keys), .failure(failure)) }
                continue
            }
            if entries[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wake, &count, 8)
            }
            for entry in entries.dropFirst() where entry.revents != 0 {
                for (id, interest) in waiting[entry.fd] ?? [] {
                    let ready = entry.revents & (interest | always)
                    if ready != 0 { finish([id], .success(ready)) }
                }
            }
        }
    }
}
