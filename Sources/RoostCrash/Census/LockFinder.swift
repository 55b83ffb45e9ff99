/// Finds who holds the lock that a thread waits for, where the lock's memory says so.
struct LockFinder {
    /// So many 32-bit words of this process's memory; nil if they are not there.
    var words: (_ address: UInt64, _ count: Int) -> [UInt32]?
    /// All threads of this process: who is none of them holds nothing.
    var threads: Set<Int32>
    /// Whether a thread is in this call now: some time has passed since it was looked at.
    var isStillIn: (_ thread: Int32, _ call: SystemCall) -> Bool

    struct Found: Hashable {
        var kind: ThreadLock.Kind
        var address: UInt64
        var holder: Int32
    }

    func lock(_ call: SystemCall, waiter: Int32) -> Found? {
        guard call.name == "futex" else { return nil }
        let address = call.arguments[0]
        switch call.futexOperation {
        case SystemCall.Futex.lock, SystemCall.Futex.lockUntil:
            // The kernel's own form: the holder's id in the low 30 bits (futex(2), "Priority-inheritance futexes").
            guard let word = words(address, 1)?[0], let holder = thread(word & 0x3FFF_FFFF, not: waiter) else {
                return nil
            }
            return Found(kind: .mutex, address: address, holder: holder)
        case SystemCall.Futex.wait, SystemCall.Futex.waitBits:
            return mutex(at: address, call, waiter: waiter)
        default: return nil
        }
    }

    /// The C library's mutex begins with lock, count, owner, users and kind, each of 32 bits (glibc, `struct __pthread_mutex_s`). Somebody who
    /// waits for a lock of another sort is told apart by what stands there: an owner that is a thread of this process is no chance.
    private func mutex(at address: UInt64, _ call: SystemCall, waiter: Int32) -> Found? {
        let value = UInt32(truncatingIfNeeded: call.arguments[2])
        // Whoever locks a plain one twice waits for itself.
        guard let words = words(address, 5), let holder = thread(words[2], not: nil) else { return nil }
        let isPlain = value == 2 && words[0] == 2
        let isRobust = words[0] & 0x3FFF_FFFF == words[2]
        guard isPlain || isRobust && holder != waiter, (1...1_000_000).contains(words[3]), words[4] < 1024 else {
            return nil
        }
        // Who has it by now has it like that, too, and is out of the call.
        if holder == waiter, !isStillIn(waiter, call) { return nil }
        return Found(kind: .pthreadMutex, address: address, holder: holder)
    }

    /// The thread whose end somebody waits for in `pthread_join`: the C library waits there, with a futex that is not private, for the thread's
    /// id in memory to become 0, which the kernel does at the thread's end (clone(2), CLONE_CHILD_CLEARTID).
    func joined(_ call: SystemCall, waiter: Int32) -> Int32? {
        guard call.name == "futex", call.isSharedFutex,
            [SystemCall.Futex.wait, SystemCall.Futex.waitBits].contains(call.futexOperation)
        else { return nil }
        let value = UInt32(truncatingIfNeeded: call.arguments[2])
        guard words(call.arguments[0], 1)?[0] == value else { return nil }
        return thread(value, not: waiter)
    }

    private func thread(_ word: UInt32, not waiter: Int32?) -> Int32? {
        guard let id = Int32(exactly: word), id != waiter, threads.contains(id) else { return nil }
        return id
    }
}
