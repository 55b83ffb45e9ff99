import CRoostProcess
import Glibc
import Roost

/// One side's view of the arenas that cross one connection: which of ours the other side has mapped and still reads, and which of
/// its we have mapped.
final class ArenaPort: Sendable {
    private struct State {
        /// Ours that the other side knows by number, with how often it reads each at the moment and what is held for it.
        var known: Set<UInt64> = []
        var lent: [UInt64: [BytesStorage]] = [:]
        var received: [UInt64: ArenaMapping] = [:]
        /// Descriptors that came before whoever asks for them.
        var descriptors: [UInt64: Int32] = [:]
        var isClosed = false
        /// Something that the other side has sent could not be taken: what refers to it fails, now and later.
        var hasLost = false
        var whenLost: (@Sendable () -> Void)?
        /// How many threads tell the other side at this moment that something is not read any more.
        var giving = 0
    }

    private let channel: Int32
    private let state = Locked(State())
    /// One lends at a time: an arena that counts as known was sent. Above `state`.
    private let lending = Locked(())
    private let tell: @Sendable (ArenaNews) -> Void

    /// - Parameter tell: Tells the other side.
    init(channel: Int32, tell: @escaping @Sendable (ArenaNews) -> Void) {
        self.channel = channel
        self.tell = tell
        ArenaStore.process.add(self)
    }

    deinit { ArenaStore.process.remove(self) }

    /// How many of the other side's are mapped.
    var mappings: Int { state.withLock { $0.received.count } }

    /// One of ours is gone for good: the other side need not keep it mapped.
    func dropped(_ id: UInt64) {
        guard state.withLock({ $0.known.remove(id) != nil }) else { return }
        say(.gone(id))
    }

    /// The other side has let go of one of its own. Whoever still reads it goes on.
    func forget(_ id: UInt64) {
        let mapping = state.withLock { $0.received.removeValue(forKey: id) }
        withExtendedLifetime(mapping) {}
    }

    func hear(_ news: ArenaNews) {
        switch news {
        case .returned(let id): returned(id)
        case .gone(let id): forget(id)
        case .waiting: receiveAll()
        }
    }

    // MARK: Lending

    /// There is no room for more descriptors at the moment.
    struct IsFull: Error {}

    /// Sends what travels beside a payload, before its frame goes out. Throws ``IsFull``, or what the system says, when a descriptor cannot
    /// be sent; then nothing stays lent.
    ///
    /// - Parameter patience: How long it waits for room, which the other side makes when it is told to.
    func lend(_ payload: Payload, patience: Duration = .zero) throws {
        guard !payload.storages.isEmpty || !payload.descriptors.isEmpty else { return }
        var remaining = payload.descriptors[...]
        var deadline: MonotonicTime?
        while true {
            let failure = lending.withLock { _ in lendNow(payload.storages, &remaining) }
            guard failure != 0 else { return }
            // The last one: the kernel lets a user have only so many descriptors on their way.
            guard failure == EAGAIN || failure == ENOBUFS || failure == ETOOMANYREFS else {
                let cause = SystemCallError(call: "sendmsg", errno: failure)
                // Here, or at its other end: which of the two is seen first is chance.
                guard isChannelGone || failure == EPIPE || failure == ECONNRESET else { throw cause }
                noteLoss()
                throw ProcessPoolError(.systemLimit, Self.channelIsGone, underlying: cause)
            }
            let now = MonotonicTime.now
            let end = deadline ?? now + patience
            deadline = end
            guard now < end else { throw IsFull() }
            say(.waiting)
            usleep(1_000)
        }
    }

    /// All or nothing of the storages; of the descriptors what went is taken from `remaining`. 0 or an errno; waits for nothing.
    private func lendNow(
        _ storages: [BytesStorage], _ remaining: inout ArraySlice<(number: UInt64, descriptor: TransferredDescriptor)>
    ) -> Int32 {
        let unknown: [Arena] = state.withLock { state in
            guard !state.isClosed else { return [] }
            var unknown: [Arena] = []
            for storage in storages {
                guard let lease = storage.lease else { continue }
                let arena = lease.arena
                if state.lent[arena.id] == nil { lease.noteLent(true) }
                state.lent[arena.id, default: []].append(storage)
                if state.known.insert(arena.id).inserted { unknown.append(arena) }
            }
            return unknown
        }
        let once = Int(ROOST_DESCRIPTORS_AT_ONCE)
        var failure: Int32 = 0
        var rest = unknown[...]
        while failure == 0, !rest.isEmpty {
            let batch = rest.prefix(once)
            failure = send(batch.map(\.id), batch.map(\.mapping.descriptor))
            if failure == 0 { rest = rest.dropFirst(once) }
        }
        while failure == 0, !remaining.isEmpty {
            let batch = remaining.prefix(once)
            failure = send(batch.map(\.number), batch.map(\.descriptor.number))
            if failure == 0 { remaining = remaining.dropFirst(once) }
        }
        guard failure != 0 else { return 0 }
        state.withLock { state in for arena in rest { state.known.remove(arena.id) } }
        takeBack(storages)
        return failure
    }

    private func send(_ numbers: [UInt64], _ descriptors: [Int32]) -> Int32 {
        roost_send_descriptors(channel, descriptors, numbers, Int32(numbers.count))
    }

    /// What was lent did not go out after all.
    func takeBack(_ storages: [BytesStorage]) {
        for storage in storages { if let lease = storage.lease { returned(lease.arena.id) } }
    }

    /// The other side does not read this one of ours any more.
    func returned(_ id: UInt64) {
        let storage: BytesStorage? = state.withLock { state in
            guard var lent = state.lent[id], let last = lent.popLast() else { return nil }
            if lent.isEmpty { last.lease?.noteLent(false) }
            state.lent[id] = lent.isEmpty ? nil : lent
            return last
        }
        withExtendedLifetime(storage) {}
    }

    // MARK: Borrowing

    /// Bytes in an arena of the other side. Its descriptor was sent before the frame that speaks of it.
    func borrow(_ reference: Parcel.Reference) throws -> BytesStorage {
        let mapping = try mapping(reference.arena)
        let end = reference.offset.addingReportingOverflow(reference.count)
        guard !end.overflow, end.partialValue <= mapping.size else {
            throw ProcessPoolError.broken("bytes beyond their arena")
        }
        return BytesStorage.borrowed(mapping, offset: reference.offset, count: reference.count) { [self] in
            say(.returned(reference.arena))
        }
    }

    /// Bytes may outlive the connection: then nobody is there to be told, and the memory to write it to is gone.
    private func say(_ news: ArenaNews) {
        let isOpen = state.withLock { state in
            guard !state.isClosed else { return false }
            state.giving += 1
            return true
        }
        guard isOpen else { return }
        tell(news)
        state.withLock { $0.giving -= 1 }
    }

    private func mapping(_ id: UInt64) throws -> ArenaMapping {
        while true {
            if let mapping = state.withLock({ $0.received[id] }) { return mapping }
            try receive()
        }
    }

    /// A descriptor that was sent by itself, by its number.
    func takeDescriptor(_ number: UInt64) throws -> Int32 {
        while true {
            if let descriptor = state.withLock({ $0.descriptors.removeValue(forKey: number) }) { return descriptor }
            try receive()
        }
    }

    /// `action` is called when something that the other side has sent could not be taken, before anybody learns of it: this
    /// connection should end, since later frames may refer to it.
    func whenLost(_ action: @escaping @Sendable () -> Void) { state.withLock { $0.whenLost = action } }

    private func noteLoss() {
        let action = state.withLock { state in
            state.hasLost = true
            return state.whenLost
        }
        action?()
    }

    /// Takes what the other side sent next. It was sent before the frame that speaks of it: the wait is short. Throws ``ProcessPoolError``.
    private func receive() throws {
        // Of what is lost none will come.
        let failure = take(timeout: state.withLock { $0.hasLost } ? 0 : 1_000)
        guard failure != 0 else { return }
        let cause = SystemCallError(call: "recvmsg", errno: failure)
        if isChannelGone {
            noteLoss()
            throw ProcessPoolError(.systemLimit, Self.channelIsGone, underlying: cause)
        }
        guard state.withLock({ $0.hasLost }) else {
            throw ProcessPoolError(
                .protocolBroken, "memory or a descriptor that came from another process was not sent", underlying: cause
            )
        }
        throw ProcessPoolError(
            .systemLimit,
            "memory or a descriptor that came from another process could not be taken: no more files may be open here (ulimit -n), or "
                + "no more memory mapped", underlying: cause)
    }

    /// Somebody has closed it, or put something else in its place: a task that closes descriptors that are not its own.
    private var isChannelGone: Bool {
        var type: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(channel, SOL_SOCKET, SO_TYPE, &type, &size) != 0
    }

    private static let channelIsGone =
        "the socket between app and worker is gone: a task has closed a descriptor that is not its own; its worker is replaced"

    /// Makes room for what the other side has to send.
    private func receiveAll() {
        while take(timeout: 0) == 0 {}
    }

    /// Takes one message, and keeps what is in it. 0 or an errno.
    private func take(timeout: Int32) -> Int32 {
        let once = Int(ROOST_DESCRIPTORS_AT_ONCE)
        return withUnsafeTemporaryAllocation(of: Int32.self, capacity: once) { descriptors in
            withUnsafeTemporaryAllocation(of: UInt64.self, capacity: once) { numbers in
                guard let first = descriptors.baseAddress, let firstNumber = numbers.baseAddress else { return EINVAL }
                var missing: Int32 = 0
                let count = roost_receive_descriptors(channel, first, firstNumber, &missing, timeout)
                guard count >= 0 else { return errno }
                for index in 0..<Int(count) { keep(descriptors[index], numbers[index]) }
                if missing > 0 { noteLoss() }
                return 0
            }
        }
    }

    private func keep(_ descriptor: Int32, _ number: UInt64) {
        guard number < DescriptorNumber.first else {
            // The same number again: its frame did not go out, and was sent a second time.
            let old = state.withLock { $0.descriptors.updateValue(descriptor, forKey: number) }
            if let old { Glibc.close(old) }
            return
        }
        guard let mapping = try? ArenaMapping(received: descriptor) else {
            return noteLoss()
        }
        // The same number again: its maker let it go, and made another.
        let old = state.withLock { $0.received.updateValue(mapping, forKey: number) }
        withExtendedLifetime(old) {}
    }

    /// The other side is gone: what it read is ours again. What we read of it stays mapped as long as somebody reads it.
    func close() {
        ArenaStore.process.remove(self)
        let held = state.withLock { state in
            state.isClosed = true
            defer {
                state.lent = [:]
                state.received = [:]
                state.descriptors = [:]
            }
            return (state.lent, state.received, state.descriptors)
        }
        for descriptor in held.2.values { Glibc.close(descriptor) }
        withExtendedLifetime(held) {}
        // They only write into a ring, and do not wait for room in it.
        while state.withLock({ $0.giving > 0 }) { sched_yield() }
    }
}

/// What one side tells the other about arenas.
enum ArenaNews: Sendable, Hashable {
    /// One of the hearer's is not read any more.
    case returned(UInt64)
    /// One of the speaker's is gone.
    case gone(UInt64)
    /// Descriptors wait to be taken, and the speaker waits for room.
    case waiting

    /// As a frame has it.
    init(number: UInt64, extra: UInt32) {
        switch extra {
        case 0: self = .returned(number)
        case 1: self = .gone(number)
        default: self = .waiting
        }
    }

    var number: UInt64 {
        switch self {
        case .returned(let id), .gone(let id): id
        case .waiting: 0
        }
    }
    var extra: Int {
        switch self {
        case .returned: 0
        case .gone: 1
        case .waiting: 2
        }
    }
}
