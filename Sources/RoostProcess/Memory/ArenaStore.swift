import CRoostProcess
import Roost

/// The arenas this process made: handed out for bytes, taken back when nobody in either process holds them, and kept, since
/// the first touch of new pages is what large memory costs.
final class ArenaStore: Sendable {
    /// The one of this process.
    static let process = ArenaStore()

    /// Smaller pieces lie in ordinary memory, and cross by copy.
    static let smallest = 64 * 1024
    /// How much unused memory is kept at most.
    static let kept = 256 * 1024 * 1024

    private struct State {
        var free: [Int: [Arena]] = [:]
        var freeBytes = 0
        var lastID: UInt64 = 0
        var inUse = 0
    }

    private let state = Locked(State())
    private let ports = Locked<[ObjectIdentifier: WeakPort]>([:])

    /// An arena with room for so many bytes.
    func take(_ count: Int) throws -> ArenaLease {
        let size = Self.roundedSize(count)
        let (kept, id) = state.withLock { state -> (Arena?, UInt64) in
            state.inUse += 1
            if let arena = state.free[size]?.popLast() {
                state.freeBytes -= size
                return (arena, 0)
            }
            state.lastID += 1
            return (nil, state.lastID)
        }
        if let kept { return ArenaLease(arena: kept, store: self, count: count) }
        do {
            let arena = Arena(id: id, mapping: try ArenaMapping(size: size))
            return ArenaLease(arena: arena, store: self, count: count)
        } catch {
            state.withLock { $0.inUse -= 1 }
            throw error
        }
    }

    /// Powers of two and three quarters of them: at most a third is wasted, and few sizes are kept apart.
    static func roundedSize(_ count: Int) -> Int {
        var size = smallest
        while size < count {
            if size / 2 * 3 >= count { return size / 2 * 3 }
            size *= 2
        }
        return size
    }

    fileprivate func giveBack(_ arena: Arena) {
        // What is too much is let go after the lock is.
        let surplus: Arena? = state.withLock { state in
            state.inUse -= 1
            guard state.freeBytes + arena.mapping.size <= Self.kept else { return arena }
            state.free[arena.mapping.size, default: []].append(arena)
            state.freeBytes += arena.mapping.size
            return nil
        }
        if let surplus { drop([surplus]) }
    }

    /// Arenas that are gone for good: the other sides let go of them, too.
    private func drop(_ arenas: [Arena]) {
        let ports = ports.withLock { $0.values.compactMap(\.port) }
        for arena in arenas {
            for port in ports { port.dropped(arena.id) }
        }
    }

    func add(_ port: ArenaPort) { ports.withLock { $0[ObjectIdentifier(port)] = WeakPort(port: port) } }
    /// Its connection is over.
    func remove(_ port: ArenaPort) { ports.withLock { $0[ObjectIdentifier(port)] = nil } }
    /// How many connections are told of arenas that are gone.
    var portCount: Int { ports.withLock { $0.count } }

    /// Lets go of what nobody uses.
    func trim() {
        let free = state.withLock { state in
            state.freeBytes = 0
            defer { state.free = [:] }
            return state.free
        }
        drop(free.values.flatMap { $0 })
    }

    /// How many are in use, here or in another process.
    var arenasInUse: Int { state.withLock { $0.inUse } }
}

/// An arena of this process: its number is what the other side knows it by.
struct Arena: Sendable {
    let id: UInt64
    let mapping: ArenaMapping
}

/// One use of an arena; it goes back to its store when the last holder lets go.
final class ArenaLease: Sendable {
    let arena: Arena
    private let store: ArenaStore
    /// As many bytes of it as were asked for.
    private let count: Int

    fileprivate init(arena: Arena, store: ArenaStore, count: Int) {
        self.arena = arena
        self.store = store
        self.count = count
        roost_note_arena_bytes(Int64(count))
    }

    /// While the other side reads it, it is none of this process's memory that a limit counts.
    func noteLent(_ isLent: Bool) { roost_note_arena_bytes(Int64(isLent ? -count : count)) }

    deinit {
        roost_note_arena_bytes(Int64(-count))
        store.giveBack(arena)
    }
}

private struct WeakPort {
    weak var port: ArenaPort?
}
