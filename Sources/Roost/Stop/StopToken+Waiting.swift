import CRoostPlatform
import Glibc

extension StopToken {
    /// Sleeps, blocking the thread, for `duration` or until a stop; throws ``StopError`` at once on a stop.
    public func sleep(for duration: Duration, time: any TimeSource = SystemTime.shared) throws {
        try check()
        let parker = Parker()
        let registration = onStop { _ in parker.unpark() }
        defer { registration.remove() }
        if time is SystemTime {
            parker.park(until: time.now + duration)
        } else {
            let timer = time.schedule(after: duration) { parker.unpark() }
            defer { timer.cancel() }
            parker.park()
        }
        try check()
    }

    /// Suspends for `duration` or until a stop; throws ``StopError`` at once on a stop and `CancellationError` at once
    /// when the task is cancelled.
    public func sleep(for duration: Duration, time: any TimeSource = SystemTime.shared) async throws {
        try await time.sleep(for: duration, token: self)
    }

    /// Waits, blocking the thread, until a stop is asked for, and returns its reason. Nil when `timeout` passed first, or at
    /// once when the token's worker or scope has ended and nobody will stop it any more.
    public func waitForStop(within timeout: Duration? = nil) -> StopReason? {
        let parker = Parker()
        let registration = StopRegistration(node: node) { _ in
            parker.unpark()
        } dropped: {
            parker.unpark()
        }
        if let reason = node.add(registration) { return reason }
        defer { registration.remove() }
        parker.park(until: timeout.map { MonotonicTime.now + $0 })
        return node.reason
    }

    /// Suspends until a stop is asked for, and returns its reason. Throws `CancellationError` when the task is cancelled,
    /// and when the token's worker or scope has ended and nobody will stop it any more.
    public func stopRequested() async throws -> StopReason {
        let waiter = OneShot<Result<StopReason, any Error>>()
        let registration = StopRegistration(node: node) { reason in
            waiter.resolve(.success(reason))
        } dropped: {
            waiter.resolve(.failure(CancellationError()))
        }
        if let reason = node.add(registration) { return reason }
        defer { registration.remove() }
        return try await waiter.success()
    }

    /// What became ready in a `wait(for:on:within:)`.
    public struct Readiness: OptionSet, Sendable {
        /// The bits of `poll(2)`.
        public let rawValue: Int16
        /// Creates a set from the bits of `poll(2)`.
        public init(rawValue: Int16) { self.rawValue = rawValue }
        /// Reading will not block (there is data, or the end).
        public static let readable = Readiness(rawValue: Int16(POLLIN))
        /// Writing will not block.
        public static let writable = Readiness(rawValue: Int16(POLLOUT))
        /// The other side is gone, or the descriptor is in error or not open.
        public static let broken = Readiness(rawValue: Int16(POLLHUP) | Int16(POLLERR) | Int16(POLLNVAL))
    }

    /// Waits, blocking the thread, until the descriptor is ready, `timeout` has passed (an empty result) or a stop was
    /// asked for: makes a blocking read, write, accept or connect stoppable.
    ///
    /// Throws ``StopError`` at once on a stop and ``SystemCallError`` when the system refuses to wait. A descriptor that is
    /// not open is ``Readiness/broken``.
    public func wait(
        for interest: Readiness, on descriptor: Int32, within timeout: Duration? = nil
    ) throws -> Readiness {
        try check()
        // Looked at before one is made here, which would get the number of one that is closed.
        guard Self.isOpen(descriptor) else { return .broken }
        let wake = roost_eventfd()
        guard wake >= 0 else { throw SystemCallError(call: "eventfd", errno: errno) }
        defer { close(wake) }
        let registration = onStop { _ in roost_eventfd_signal(wake) }
        defer { registration.remove() }
        let deadline = timeout.map { MonotonicTime.now + $0 }
        while true {
            var entries = [
                pollfd(fd: descriptor, events: interest.rawValue, revents: 0),
                pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
            ]
            let count = poll(&entries, 2, Self.milliseconds(until: deadline))
            let failure = errno
            try check()
            if count < 0 {
                guard failure == EINTR else { throw SystemCallError(call: "poll", errno: failure) }
            } else if entries[0].revents != 0 {
                return Readiness(rawValue: entries[0].revents)
            } else if let deadline, MonotonicTime.now >= deadline {
                return []
            }
        }
    }

    /// The same for tasks: suspends, and holds no thread. Throws `CancellationError` at once when the task is cancelled.
    /// End the wait before you close the descriptor: the system does not tell of a close.
    public func wait(
        for interest: Readiness, on descriptor: Int32, within timeout: Duration? = nil
    ) async throws -> Readiness {
        try check()
        guard Self.isOpen(descriptor) else { return .broken }
        let waiter = OneShot<Result<Readiness, any Error>>()
        let watch = try DescriptorWatcher.shared.watch(descriptor, for: interest.rawValue) { ready in
            waiter.resolve(ready.map { Readiness(rawValue: $0) }.mapError { $0 })
        }
        let registration = onStop { reason in waiter.resolve(.failure(StopError(reason))) }
        let timer = timeout.map { SystemTime.shared.schedule(after: $0) { waiter.resolve(.success([])) } }
        defer {
            DescriptorWatcher.shared.forget(watch)
            registration.remove()
            timer?.cancel()
        }
        return try await waiter.success()
    }

    private static func isOpen(_ descriptor: Int32) -> Bool { descriptor >= 0 && fcntl(descriptor, F_GETFD) >= 0 }

    /// Rounded up, so that a wait never ends early and then spins.
    private static func milliseconds(until deadline: MonotonicTime?) -> Int32 {
        guard let deadline else { return -1 }
        let left = max(0, (deadline - .now).clampedNanoseconds)
        return Int32(clamping: left / 1_000_000 + (left % 1_000_000 > 0 ? 1 : 0))
    }
}

/// A call to the system failed.
public struct SystemCallError: Error, Codable, Hashable, Sendable, CustomStringConvertible {
    /// The call's name.
    public let call: String
    /// Its `errno`.
    public let errno: Int32

    /// Creates the error.
    public init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    public var description: String { "\(call): \(String(cString: strerror(errno)))" }
}
