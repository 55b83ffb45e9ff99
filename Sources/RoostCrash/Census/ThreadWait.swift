/// What a thread waits in.
public struct ThreadWait: Sendable, Hashable, Codable {
    /// The system call, or `system call 999`; nil for a thread that is in none.
    public var systemCall: String?
    /// Its arguments as far as they say something: which file, how long, which lock.
    public var arguments: String
    /// The kernel's function that it waits in; nil where the kernel does not say.
    public var channel: String?
    /// The lock that it waits for; nil if it waits for something else, or for one whose holder cannot be known.
    public var lock: ThreadLock?
    /// The thread whose end it waits for, by the kernel's id: it is in `pthread_join`.
    public var joined: Int32?
}

extension ThreadWait: CustomStringConvertible {
    public var description: String {
        let call = systemCall.map { "\($0)(\(arguments))" }
        let place = channel.map { call == nil ? "in the kernel's \($0)" : " in \($0)" } ?? ""
        return (call ?? "") + place
    }
}

/// A lock that somebody holds.
public struct ThreadLock: Sendable, Hashable, Codable {
    /// Whose lock it is.
    public enum Kind: String, Sendable, Hashable, Codable {
        /// A `pthread_mutex_t`.
        case pthreadMutex = "pthread_mutex"
        /// A lock whose word the kernel knows: `Synchronization.Mutex`, or a `pthread_mutex_t` with priority inheritance.
        case mutex = "Mutex"
    }

    /// Which sort of lock.
    public var kind: Kind
    /// Where it lies.
    public var address: UInt64
    /// The thread that held it at that moment.
    public var holder: Int32
    /// That thread for people: its worker, or its name.
    public var holderName: String
}

extension ThreadLock: CustomStringConvertible {
    public var description: String { "\(kind.rawValue) held by \(holderName) (\(holder))" }
}
