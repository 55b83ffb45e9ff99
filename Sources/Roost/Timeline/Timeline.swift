/// What ran when, from a beginning: the stages of a start, or the workers and finalizers of an end. A pure value that is
/// drawn (``svg``), kept (``json``) and asked what took the time (``criticalChain``).
///
/// ```swift
/// let report = try ShutdownReport(json: text)
/// let picture = report.timeline.svg      // opens in any browser
/// ```
public struct Timeline: Sendable, Hashable {
    /// What a bar stands for. The picture has a lane for each.
    public enum Lane: String, Sendable, Hashable, CaseIterable {
        /// A part of the whole that has its own share of the time.
        case phase
        /// A step of a start.
        case stage
        /// A piece of background work.
        case worker
        /// What is done at the end of the process.
        case finalizer
    }

    /// One thing that took time.
    public struct Bar: Sendable, Hashable {
        /// Which lane it is in.
        public let lane: Lane
        /// Its name, which may hold anything.
        public let name: String
        /// More about it in words, for one line; empty for nothing.
        public let detail: String
        /// From the timeline's beginning; never negative.
        public let begin: Duration
        /// From the timeline's beginning; never before ``begin``.
        public let end: Duration
        /// The most it was to take, from its begin; nil for no limit of its own.
        public let limit: Duration?
        /// True for one that took longer than it was allowed to.
        public let isLate: Bool
        /// The bars, by their place in the timeline, without which it could not begin or could not end; empty for
        /// none, nil when that is not known.
        public internal(set) var waitsFor: [Int]?

        /// Creates a bar. A begin before zero counts as zero, an end before the begin as the begin, a limit below zero as
        /// zero.
        public init(
            _ lane: Lane, _ name: String, detail: String = "", begin: Duration, end: Duration, limit: Duration? = nil,
            isLate: Bool = false, waitsFor: [Int]? = nil
        ) {
            self.lane = lane
            self.name = name
            self.detail = detail
            self.begin = max(.zero, begin)
            self.end = max(self.begin, end)
            self.limit = limit.map { max(.zero, $0) }
            self.isLate = isLate
            self.waitsFor = waitsFor
        }

        /// How long it took.
        public var duration: Duration { end - begin }
    }

    /// A time that the whole was held to.
    public struct Limit: Sendable, Hashable {
        /// What it is: `budget`, for instance.
        public let name: String
        /// From the timeline's beginning; never negative.
        public let time: Duration

        /// Creates a limit.
        public init(_ name: String, at time: Duration) {
            self.name = name
            self.time = max(.zero, time)
        }
    }

    /// What the whole is, in words.
    public let title: String
    /// From the beginning to the end of the whole.
    public let total: Duration
    /// What the whole was held to, if anything.
    public let limit: Limit?
    /// In any order. What a bar waits for is named by its place here.
    public let bars: [Bar]

    /// Creates a timeline. A total below the end of the last bar counts as that end; a bar that waits for itself or for one
    /// that does not exist waits for that one no longer.
    public init(_ title: String, total: Duration, limit: Limit? = nil, bars: [Bar]) {
        self.title = title
        self.total = bars.reduce(max(.zero, total)) { max($0, $1.end) }
        self.limit = limit
        self.bars = bars.enumerated().map { index, bar in
            var bar = bar
            bar.waitsFor = bar.waitsFor?.filter { $0 != index && bars.indices.contains($0) }
            return bar
        }
    }
}
