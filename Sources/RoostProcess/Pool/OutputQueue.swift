import Roost

/// Hands the lines that workers print to whoever wants them, on a thread of its own: neither a slow reader nor a terminal that
/// takes nothing holds the pool. Bounded: what is too much is counted and left out.
final class OutputQueue: Sendable {
    private struct State {
        var lines: [WorkerOutput] = []
        var dropped = 0
        var isRunning = false
    }

    static let longest = 10_000
    private let state = Locked(State())
    private let receiver: @Sendable (WorkerOutput) -> Void

    init(_ receiver: (@Sendable (WorkerOutput) -> Void)?) {
        self.receiver =
            receiver ?? { output in
                writeToStandardError("[\(output.pool) \(output.process)] \(PrintableText.of(output.line))\n")
            }
    }

    func add(_ lines: [WorkerOutput]) {
        let mustStart = state.withLock { state in
            let room = Self.longest - state.lines.count
            state.lines += lines.prefix(max(0, room))
            state.dropped += max(0, lines.count - room)
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        if PlatformThread.start(name: "roost-output", options: .init(stackSize: 256 * 1024), { self.serve() }) != nil {
            state.withLock { $0.isRunning = false }
        }
    }

    /// Ends when there is nothing to say.
    private func serve() {
        while true {
            let (lines, dropped) = state.withLock { state in
                defer {
                    state.lines = []
                    state.dropped = 0
                }
                if state.lines.isEmpty { state.isRunning = false }
                return (state.lines, state.dropped)
            }
            guard !lines.isEmpty else { return }
            for line in lines { receiver(line) }
            if dropped > 0, let last = lines.last {
                receiver(
                    WorkerOutput(
                        pool: last.pool, process: last.process, stream: .standardError,
                        line: "roost: \(dropped) lines were left out: they came faster than they were taken"))
            }
        }
    }
}
