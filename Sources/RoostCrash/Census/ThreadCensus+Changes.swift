extension ThreadCensus {
    /// What became of the threads between two censuses.
    public struct Changes: Sendable, Hashable, Codable {
        /// Threads that were not there before.
        public var started: [ThreadRecord]
        /// Threads that are not there any more, as they were.
        public var ended: [ThreadRecord]
        /// The processor time that each thread of the later census used since the earlier one, by its id; those that used none are left out.
        public var used: [Int32: Duration]
    }

    /// The difference to an earlier census of the same process. A thread that has the id of one that ended is another one.
    public func changes(since earlier: ThreadCensus) -> Changes {
        struct Identity: Hashable { var id: Int32, began: UInt64 }
        func identity(_ thread: ThreadRecord) -> Identity { Identity(id: thread.id, began: thread.began) }
        let before = Dictionary(earlier.threads.map { (identity($0), $0) }) { $1 }
        let now = Set(threads.map(identity))
        var used: [Int32: Duration] = [:]
        for thread in threads {
            let spent = thread.cpuTime - (before[identity(thread)]?.cpuTime ?? .zero)
            if spent > .zero { used[thread.id] = spent }
        }
        return Changes(
            started: threads.filter { before[identity($0)] == nil },
            ended: earlier.threads.filter { !now.contains(identity($0)) }, used: used)
    }
}

extension ThreadCensus.Changes: CustomStringConvertible {
    /// A line for each thread that came or went, and one for each that used the processor, the busiest first.
    public var description: String {
        var lines = started.map { "+ \($0.id) \($0.title), \($0.kind)" }
        lines += ended.map { "- \($0.id) \($0.title), \($0.kind)" }
        lines += used.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map {
            "  \($0.key) used \(Amount.of($0.value))"
        }
        return lines.isEmpty ? "no change" : lines.joined(separator: "\n")
    }
}
