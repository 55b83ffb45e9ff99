import Roost
import Synchronization

/// Tells a worker which of its arenas the app does not read any more. The app never waits for room: what finds none goes with the
/// next thing that the worker sends.
final class ArenaReturns: Sendable {
    private let writer: FrameWriter
    private let waiting = Locked<[UInt64]>([])
    private let isWaiting = Atomic<Bool>(false)

    init(_ writer: FrameWriter) {
        self.writer = writer
    }

    func add(_ number: UInt64) {
        guard !writer.write(.arenaReturned, number: number) else { return }
        waiting.withLock { $0.append(number) }
        isWaiting.store(true, ordering: .releasing)
    }

    func flush() {
        guard isWaiting.exchange(false, ordering: .acquiring) else { return }
        let numbers = waiting.withLock { numbers in
            defer { numbers = [] }
            return numbers
        }
        for number in numbers { add(number) }
    }
}
