/// One question to a ``StackSource``, on a thread of its own: whoever asks gives up when it is time, whatever the source does.
final class StackInquiry<Answer: Sendable>: Sendable {
    private let given = Locked<Answer?>(nil)
    private let parker = Parker()

    init(_ ask: @escaping @Sendable () -> Answer) {
        let failure = PlatformThread.start(name: "roost-stacks") { [self] in
            let answer = ask()
            given.withLock { $0 = answer }
            parker.unpark()
        }
        // Without a thread there is no answer, and nothing to wait for.
        if failure != nil { parker.unpark() }
    }

    /// For one caller, once.
    func answer(until deadline: MonotonicTime) -> Answer? {
        parker.park(until: deadline)
        return given.withLock { $0 }
    }
}

/// The stacks of those who are late, asked for as soon as it is known who they are and looked at when the report is made: what runs
/// meanwhile takes no time from it.
struct LateStacks {
    private let source: (any StackSource)?
    private let limit: Duration
    private let stragglers: StackInquiry<[ThreadStack]>?

    init(_ source: (any StackSource)?, of late: [Straggler], within limit: Duration) {
        self.source = source
        self.limit = limit
        stragglers = Self.ask(source, Set(late.compactMap(\.kernelThread)), limit)
    }

    private static func ask(
        _ source: (any StackSource)?, _ threads: Set<Int32>, _ limit: Duration
    ) -> StackInquiry<[ThreadStack]>? {
        guard let source, !threads.isEmpty else { return nil }
        return StackInquiry { source.stacks(of: threads, within: limit) }
    }

    /// Puts the stacks where they belong; returns within the limit.
    func fill(_ late: inout [Straggler], _ finalizers: inout [FinalizerReport]) {
        guard source != nil else { return }
        let deadline = MonotonicTime.now + limit
        let hanging = Self.ask(source, Set(finalizers.filter(\.isAbandoned).compactMap(\.kernelThread)), limit)
        let found = (stragglers?.answer(until: deadline) ?? []) + (hanging?.answer(until: deadline) ?? [])
        let stacks = Dictionary(found.map { ($0.thread, $0) }) { first, _ in first }
        func stack(_ thread: Int32?, _ name: String) -> ThreadStack? {
            guard let thread else { return nil }
            return stacks[thread]
                ?? ThreadStack(thread: thread, name: name, lines: [], problem: "it was not known in time")
        }
        for index in late.indices {
            late[index].onThread = stack(late[index].kernelThread, late[index].thread ?? "")
        }
        for index in finalizers.indices where finalizers[index].isAbandoned {
            finalizers[index].onThread = stack(finalizers[index].kernelThread, "roost-finalizer")
        }
    }
}
