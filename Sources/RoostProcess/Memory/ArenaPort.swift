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
        /// How many threads tell the other side at this moment that something is not read any more.
        var giving = 0
    }

    private let channel: Int32
    private let state = Locked(State())
    private let tell: @Sendable (ArenaNews) -> Void

    /// - Parameter tell: Tells the other side.
    init(channel: Int32, tell: @escaping @Sendable (ArenaNews) -> Void) {
        self.channel = channel
        self.tell = tell
        ArenaStore.process.add(self)
    }

    /// How many of the other side's are mapped.
    var mappings: Int { state.withLock { $0.received.count } }

    /// One of ours is gone for good: the other side need not keep it mapped.
    func dropped(_ id: UInt64) {
    deinit { ArenaStore.process.remove(self) }

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
        }
    }

    /// Sends what travels beside a payload, before its frame goes out. Throws when a descriptor cannot be sent.
    func lend(_ payload: Payload) throws {
        for (number, descriptor) in payload.descriptors {
            let failure = roost_send_descriptor(channel, descriptor.number, number)
            if failure != 0 { throw SystemCallError(call: "sendmsg", errno: failure) }
        }
        try lend(payload.storages)
    }

    private func lend(_ storages: [BytesStorage]) throws {
        for storage in storages {
            guard let arena = storage.lease?.arena else { continue }
            let isNew = state.withLock { state in
                guard !state.isClosed else { return false }
                state.lent[arena.id, default: []].append(storage)
                return state.known.insert(arena.id).inserted
            }
            guard isNew else { continue }
            let failure = roost_send_descriptor(channel, arena.mapping.descriptor, arena.id)
            if failure != 0 {
                state.withLock { state in _ = state.known.remove(arena.id) }
                returned(arena.id)
                throw SystemCallError(call: "sendmsg", errno: failure)
            }
        }
    }

    /// The other side does not read this one of ours any more.
    func returned(_ id: UInt64) {
        let storage: BytesStorage? = state.withLock { state in
            guard var lent = state.lent[id], let last = lent.popLast() else { return nil }
            state.lent[id] = lent.isEmpty ? nil : lent
            return last
        }
        withExtendedLifetime(storage) {}
    }

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

    /// Takes the next one that the other side sent. It was sent before the frame that speaks of it: the wait is short.
    private func receive() throws {
        var number: UInt64 = 0
        let descriptor = roost_receive_descriptor(channel, &number, 1_000)
        guard descriptor >= 0 else { throw SystemCallError(call: "recvmsg", errno: errno) }
        guard number < DescriptorNumber.first else {
            return state.withLock { $0.descriptors[number] = descriptor }
        }
        let mapping = try ArenaMapping(received: descriptor)
        // The same number again: its maker let it go, and made another.
        let old = state.withLock { state in
            defer { state.received[number] = mapping }
            return state.received[number]
        }
        withExtendedLifetime(old) {}
    }

    /// The other side is gone: what it read is ours again. What we read of it stays mapped as long as somebody reads it.
    func close() {
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

/// What one side tells the other about an arena.
enum ArenaNews: Sendable, Hashable {
    /// One of the hearer's is not read any more.
    case returned(UInt64)
    /// One of the speaker's is gone.
    case gone(UInt64)

    /// As a frame has it.
    init(number: UInt64, extra: UInt32) { self = extra == 0 ? .returned(number) : .gone(number) }

    var number: UInt64 {
        switch self {
        case .returned(let id), .gone(let id): id
        }
    }
    var extra: Int { if case .gone = self { 1 } else { 0 } }
}
        ArenaStore.process.remove(self)
