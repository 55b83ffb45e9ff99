import Roost
import ThumbnailKit

/// What the workers of a run have made, in the order in which it is done, and how far they may be ahead of whoever shows it.
///
/// One task adds, one takes.
@MainActor
final class RunResults {
    enum Result {
        case picture(ThumbnailRun.Made, WorkerEnding)
        case problem(ThumbnailError)
    }

    private let limit: Int
    /// Begun, and not yet shown.
    private var out = 0
    private var ready: [Result] = []
    private var isOver = false
    private var taker: CheckedContinuation<Void, Never>?
    private var beginner: CheckedContinuation<Void, Never>?

    /// - Parameter limit: How many may be begun and not yet shown.
    init(limit: Int) {
        self.limit = limit
    }

    /// Waits for a place for one more.
    func begin() async {
        while out >= limit { await withCheckedContinuation { beginner = $0 } }
        out += 1
    }

    /// One that has begun is there.
    func add(_ result: Result) {
        ready.append(result)
        resume(&taker)
    }

    /// The same of a picture, once its worker has its ending.
    func add(_ picture: ThumbnailRun.Made) async {
        let ending = await picture.ending
        add(.picture(picture, ending))
    }

    /// No more are begun, and all are there.
    func finish() {
        isOver = true
        resume(&taker)
    }

    /// The next one; nil when there are no more.
    func next() async -> Result? {
        while ready.isEmpty, !isOver { await withCheckedContinuation { taker = $0 } }
        return ready.isEmpty ? nil : ready.removeFirst()
    }

    /// One that was taken has been shown: its place is free.
    func shown() {
        out -= 1
        resume(&beginner)
    }

    private func resume(_ continuation: inout CheckedContinuation<Void, Never>?) {
        let waiting = continuation
        continuation = nil
        waiting?.resume()
    }
}
