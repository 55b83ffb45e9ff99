/// Waits for a set of things with a deadline, looking up every tenth of a second.
final class ShutdownWait: Sendable {
    enum Thing: Hashable {
        /// Whoever asks the workers to stop is through with it.
        case asking
        /// The main body has returned.
        case main
        /// A scope is drained, a pool done, a thread idle.
        case identified(ObjectIdentifier)

        static func object(_ object: AnyObject) -> Thing { .identified(ObjectIdentifier(object)) }
    }

    private static let tick = Duration.milliseconds(100)

    private let open = Locked<Set<Thing>>([])
    private let parker = Parker()
    private let asker = Locked<Int32?>(nil)

    /// The kernel id of the thread that asks the workers to stop.
    var asking: Int32? { asker.withLock { $0 } }

    func begin(on thread: Int32) { asker.withLock { $0 = thread } }

    /// The result is to be called when it has happened.
    @discardableResult
    func expect(_ thing: Thing) -> @Sendable () -> Void {
        open.withLock { _ = $0.insert(thing) }
        return { [self] in done(thing) }
    }

    func isOpen(_ thing: Thing) -> Bool { open.withLock { $0.contains(thing) } }

    func done(_ thing: Thing) {
        let isEmpty = open.withLock { open in
            open.remove(thing)
            return open.isEmpty
        }
        if isEmpty { parker.unpark() }
    }

    /// Returns when nothing is open, or at the deadline, which moves while the process is stopped. `look` is called at
    /// every tick.
    func until(_ deadline: inout BudgetDeadline, look: (MonotonicTime) -> Void) {
        var next = MonotonicTime.now
        while !open.withLock({ $0.isEmpty }), !deadline.isOver(at: .now) {
            if next <= .now {
                look(deadline.time)
                next = .now + Self.tick
            }
            parker.park(oneStepOf: deadline, until: next)
        }
    }
}
