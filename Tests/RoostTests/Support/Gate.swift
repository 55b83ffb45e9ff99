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
