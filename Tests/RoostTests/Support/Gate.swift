@testable import Roost

/// Something that happens once, waited for by blocking threads and by tasks.
final class Gate: Sendable {
    private let opened = OneShot<Void>()

    func open() {
        opened.resolve(())
    }

    var isOpen: Bool { opened.valueIfResolved != nil }

    /// Blocks the thread until the gate is open; gives up after two minutes, so that a broken test does not keep its thread.
    func wait() {
        let parker = Parker()
        opened.whenResolved { parker.unpark() }
        parker.park(until: .now + .seconds(120))
    }

    func passed() async {
        await opened.value
    }
}

/// A list that many threads add to.
final class Log<Element: Sendable>: Sendable {
    private let elements = Locked<[Element]>([])

    func add(_ element: Element) {
        elements.withLock { $0.append(element) }
    }

    var all: [Element] { elements.withLock { $0 } }
    var count: Int { elements.withLock { $0.count } }
}

/// Counts those that are in it at once; whoever passes stays until it is let go.
final class Crowd: Sendable {
    private let state = Locked((arrived: 0, inside: 0, most: 0, passes: 0, parkers: [Parker]()))

    var arrived: Int { state.withLock { $0.arrived } }
    /// The most that ever were inside together.
    var most: Int { state.withLock { $0.most } }

    func pass() {
        let parker = Parker()
        state.withLock { state in
            state.arrived += 1
            state.inside += 1
            state.most = max(state.most, state.inside)
            if state.passes > 0 {
                state.passes -= 1
                parker.unpark()
            } else {
                state.parkers.append(parker)
            }
        }
        parker.park(until: .now + .seconds(120))
        state.withLock { $0.inside -= 1 }
    }

    /// Lets so many go, also of those that come later.
    func letGo(_ count: Int) {
        let parkers = state.withLock { state in
            let leaving = Array(state.parkers.prefix(count))
            state.parkers.removeFirst(leaving.count)
            state.passes += count - leaving.count
            return leaving
        }
        for parker in parkers { parker.unpark() }
    }
}

/// Counts live instances of what it makes.
final class Census: Sendable {
    private let alive = Locked(0)

    var count: Int { alive.withLock { $0 } }

    func makeMember() -> Member { Member(census: self) }

    final class Member: Sendable {
        private let census: Census

        init(census: Census) {
            self.census = census
            census.alive.withLock { $0 += 1 }
        }

        deinit { census.alive.withLock { $0 -= 1 } }

        func touch() {}
    }
}

/// For looking whether something is gone.
struct WeakReference<Object: AnyObject & Sendable>: Sendable {
    weak let object: Object?

    init(_ object: Object) {
        self.object = object
    }
}

struct TestFailure: Error, Equatable {
    var text = "on purpose"
}
