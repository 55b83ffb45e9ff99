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
        let action: @Sendable (Int16) -> Void
    }

    private struct State {
        var watches: [UInt64: Watch] = [:]
        var lastID: UInt64 = 0
        /// An eventfd that ends the present poll; negative until the thread was started.
        var wake: Int32 = -1
    }

    private let state = Locked(State())

    /// Calls `action` once, on the watcher's thread, with what is ready. The id is for ``forget(_:)``.
    /// Throws ``SystemCallError`` when the system has no descriptor or thread left.
    func watch(
        _ descriptor: Int32, for interest: Int16, _ action: @escaping @Sendable (Int16) -> Void
    ) throws(SystemCallError) -> UInt64 {
        let (id, wake, failure) = state.withLock { state -> (UInt64, Int32, SystemCallError?) in
            if state.wake < 0 {
                if let failure = lockedStart(&state) { return (0, -1, failure) }
            }
            state.lastID += 1
            state.watches[state.lastID] = Watch(descriptor: descriptor, interest: interest, action: action)
            return (state.lastID, state.wake, nil)
        }
        if let failure { throw failure }
        signal(wake)
        return id
    }

    func forget(_ id: UInt64) {
        // Let go outside the lock, with what it captured.
        let (watch, wake) = state.withLock { ($0.watches.removeValue(forKey: id), $0.wake) }
        if watch != nil { signal(wake) }
    }

    private func lockedStart(_ state: inout State) -> SystemCallError? {
        let wake = roost_eventfd()
        guard wake >= 0 else { return SystemCallError(call: "eventfd", errno: errno) }
        let options = PlatformThread.Options(stackSize: 256 * 1024)
        if let failure = PlatformThread.start(name: "roost-poll", options: options, { self.run(wake) }) {
            close(wake)
            return SystemCallError(call: "pthread_create", errno: failure)
        }
        state.wake = wake
        return nil
    }

    private func signal(_ wake: Int32) {
        var one: UInt64 = 1
        _ = write(wake, &one, 8)
    }

    private func run(_ wake: Int32) {
        while true {
            let watches = state.withLock { $0.watches }.sorted { $0.key < $1.key }
            var entries = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
            entries += watches.map { pollfd(fd: $0.value.descriptor, events: $0.value.interest, revents: 0) }
            guard poll(&entries, nfds_t(entries.count), -1) > 0 else { continue }
            if entries[0].revents != 0 {
                var count: UInt64 = 0
                _ = read(wake, &count, 8)
            }
            for (watch, entry) in zip(watches, entries.dropFirst()) where entry.revents != 0 {
                // Forgotten meanwhile, it is nobody's business any more.
                let action = state.withLock { $0.watches.removeValue(forKey: watch.key) }?.action
                action?(entry.revents)
            }
        }
    }
}
