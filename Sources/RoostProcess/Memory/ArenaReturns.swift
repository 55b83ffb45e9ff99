import Roost
import Synchronization

/// Tells a worker about arenas. The app never waits for room: what finds none goes with the
/// next thing that the worker sends.
final class ArenaReturns: Sendable {
    private let writer: FrameWriter
    private let waiting = Locked<[ArenaNews]>([])
    private let isWaiting = Atomic<Bool>(false)

    init(_ writer: FrameWriter) {
        self.writer = writer
    }

    func add(_ news: ArenaNews) {
        guard !writer.write(.arena, extra: news.extra, number: news.number) else { return }
        waiting.withLock { $0.append(news) }
        isWaiting.store(true, ordering: .releasing)
    }

    func flush() {
        guard isWaiting.exchange(false, ordering: .acquiring) else { return }
        let all = waiting.withLock { all in
            defer { all = [] }
            return all
        }
        for news in all { add(news) }
    }
}
