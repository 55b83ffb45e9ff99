import Roost
import Synchronization

/// Tells the other side about arenas, and never waits for room: what finds none goes when there has been something to read or to do.
final class ArenaReturns: Sendable {
    private let writer: FrameWriter
    private let kind: FrameKind
    private let waiting = Locked<[ArenaNews]>([])
    private let isWaiting = Atomic<Bool>(false)

    init(_ writer: FrameWriter, _ kind: FrameKind) {
        self.writer = writer
        self.kind = kind
    }

    func add(_ news: ArenaNews) {
        guard !writer.write(kind, extra: news.extra, number: news.number) else { return }
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
