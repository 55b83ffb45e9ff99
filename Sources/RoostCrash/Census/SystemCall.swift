/// A system call that a thread is in, with its arguments as the processor had them.
struct SystemCall: Sendable, Hashable {
    var name: String
    var arguments: [UInt64]

    /// What of the system is asked to say more about a call.
    struct Door {
        /// The file behind a descriptor.
        var file: (Int32) -> String?
        /// Two numbers in memory: a time of seconds and nanoseconds, for instance. Nil if nothing is there.
        var pair: (UInt64) -> (Int64, Int64)?
        /// Whether a descriptor has a time limit of its own.
        var hasLimit: (Int32) -> Bool
    }

    private var descriptor: Int32 { Int32(truncatingIfNeeded: arguments[0]) }
    /// What is asked of a futex, without the flags.
    var futexOperation: UInt64 { arguments[1] & 0x7F }

    /// The futex may be that of another process's memory, too.
    var isSharedFutex: Bool { arguments[1] & 0x80 == 0 }

    enum Futex {
        static let wait: UInt64 = 0
        static let lock: UInt64 = 6
        static let waitBits: UInt64 = 9
        static let lockUntil: UInt64 = 13
    }

    // MARK: What a signal does to it

    /// True if the call goes on by itself when a handler with `SA_RESTART` has returned: see signal(7), "Interruption of system calls".
    func restarts(_ door: Door) -> Bool {
        if Self.restarting.contains(name) { return true }
        if Self.restartingWithoutLimit.contains(name) { return !door.hasLimit(descriptor) }
        guard name == "futex" else { return false }
        switch futexOperation {
        case Futex.wait, Futex.waitBits: return arguments[3] == 0
        case Futex.lock, Futex.lockUntil: return true
        default: return false
        }
    }

    /// Only what is known to restart: a call that is not listed is not interrupted.
    private static let restarting: Set = [
        "openat", "openat2", "open", "wait4", "waitid", "flock", "fcntl", "mq_timedreceive", "mq_timedsend",
        "getrandom",
        "pread64", "pwrite64", "preadv", "pwritev",
    ]
    private static let restartingWithoutLimit: Set = [
        "read", "write", "readv", "writev", "accept", "accept4", "connect", "recvfrom", "recvmsg", "sendto", "sendmsg",
    ]

    // MARK: For people

    /// Its arguments as far as they say something.
    func description(_ door: Door) -> String {
        if Self.onDescriptor.contains(name) { return file(door) }
        switch name {
        case "futex": return futexDescription(door)
        case "nanosleep": return time(at: arguments[0], door) ?? ""
        case "clock_nanosleep":
            // TIMER_ABSTIME
            return arguments[1] & 1 == 0 ? time(at: arguments[2], door) ?? "" : "until a point in time"
        case "poll": return "\(files(arguments[1])), \(limit(milliseconds: arguments[2]))"
        case "ppoll": return "\(files(arguments[1])), \(time(at: arguments[2], door) ?? "no limit")"
        case "epoll_wait", "epoll_pwait": return "\(file(door)), \(limit(milliseconds: arguments[3]))"
        case "select": return "\(time(at: arguments[4], isMicroseconds: true, door) ?? "no limit")"
        case "pselect6": return "\(time(at: arguments[4], door) ?? "no limit")"
        case "wait4": return "process \(Int32(truncatingIfNeeded: arguments[0]))"
        default: return ""
        }
    }

    private static let onDescriptor: Set = [
        "read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "accept", "accept4", "connect",
        "recvfrom", "recvmsg", "recvmmsg", "sendto", "sendmsg", "sendmmsg", "ioctl", "fcntl", "flock", "fsync",
        "fdatasync",
        "close", "getdents64", "ftruncate", "fallocate", "sync_file_range", "syncfs", "epoll_pwait2",
    ]

    private func file(_ door: Door) -> String {
        door.file(descriptor).map { "\(descriptor) → \($0)" } ?? "\(descriptor)"
    }

    private func files(_ count: UInt64) -> String { count == 1 ? "1 file" : "\(count) files" }

    private func limit(milliseconds: UInt64) -> String {
        let number = Int32(truncatingIfNeeded: milliseconds)
        return number < 0 ? "no limit" : Amount.of(.milliseconds(Int64(number)))
    }

    private func time(at address: UInt64, isMicroseconds: Bool = false, _ door: Door) -> String? {
        guard address != 0, let (seconds, part) = door.pair(address), seconds >= 0 else { return nil }
        return Amount.of(.seconds(seconds) + (isMicroseconds ? .microseconds(part) : .nanoseconds(part)))
    }

    private func futexDescription(_ door: Door) -> String {
        let place = "0x" + String(arguments[0], radix: 16)
        switch futexOperation {
        case Futex.wait: return "\(place), \(time(at: arguments[3], door) ?? "no limit")"
        case Futex.waitBits: return "\(place), \(arguments[3] == 0 ? "no limit" : "until a point in time")"
        case Futex.lock, Futex.lockUntil: return "\(place), lock"
        default: return place
        }
    }
}
