/// The main thread did not answer in time.
public struct Hang: Sendable, Hashable, Codable {
    /// Its number, from 1, in this process.
    public var number: Int
    /// How long it has lasted; when ``isOver``, in all. The time in which the process or the machine stood still does not count.
    public var lasted: Duration
    /// When it was seen, in seconds since 1970.
    public var seenAt: Int64
    /// True once the main thread has answered again.
    public var isOver: Bool
    /// What the main thread did when the hang was seen: while it lasted.
    public var main: ThreadRecord?
    /// Who holds the lock that it waits for, who holds the one that this thread waits for, and so on. Empty if it waits for no lock whose
    /// holder can be known.
    public var holders: [ThreadRecord]
    /// How many hangs since the last one that was told were not, because there were too many.
    public var untold: Int
}

extension Hang: CustomStringConvertible {
    /// For people: what the main thread did, and who it waited for.
    public var description: String {
        let beginning =
            isOver
            ? "the main thread hung for \(Amount.of(lasted))" : "the main thread has hung for \(Amount.of(lasted))"
        var lines = [beginning + (untold > 0 ? " (\(untold) hangs before it were not told)" : "")]
        if let main { lines += main.lines }
        for holder in holders {
            lines.append("held up by \(holder.title) (\(holder.id)), \(holder.kind):")
            lines += holder.lines
        }
        if isWaitingForItself {
            lines.append(
                "\(holders.isEmpty ? "it waits for itself" : "they wait for each other"): this does not end by itself")
        }
        return lines.joined(separator: "\n")
    }

    /// True when the locks form a ring: each holder waits for the next one.
    public var isWaitingForItself: Bool {
        guard let last = (holders.last ?? main)?.wait?.lock?.holder else { return false }
        return last == main?.id || holders.contains { $0.id == last }
    }
}

/// What a ``HangWatchdog`` tells.
public enum HangEvent: Sendable, Hashable {
    /// The main thread hangs, now.
    case began(Hang)
    /// It answers again.
    case ended(Hang)

    /// The hang.
    public var hang: Hang {
        switch self {
        case .began(let hang), .ended(let hang): hang
        }
    }
}
