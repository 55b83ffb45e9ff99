/// What somebody did when a run ended: a worker on its thread, an async body, a task in a worker process.
public struct RunActivity: Sendable, Hashable, Codable {
    /// The worker's name; at most 63 bytes of it.
    public var worker: String
    /// That of its scope.
    public var scope: String
    /// The pool that ran it, or the name of the thread of its own; at most 23 bytes.
    public var owner: String
    /// The kernel's id of the thread, or of the worker process; nil for a body that owned no thread.
    public var thread: Int32?
    /// True when ``thread`` is a process.
    public var isProcess: Bool
    /// `Module/File.swift:12`: the last checkpoint that it passed.
    public var lastCheckpoint: String?
    /// How long it had been running, to some milliseconds; nil if nobody noted the time of the end.
    public var ranFor: Duration?
}

extension RunActivity: CustomStringConvertible {
    public var description: String {
        var text = "'\(worker)'"
        if !scope.isEmpty { text += " of '\(scope)'" }
        if let thread { text += ", \(isProcess ? "process" : "thread") \(thread)" }
        if let ranFor { text += ", for \(ranFor.inSeconds)" }
        if let lastCheckpoint { text += ", last checkpoint \(lastCheckpoint)" }
        return text
    }
}

extension Duration {
    /// `2.5 s`, `40 ms`.
    var inSeconds: String {
        let milliseconds = components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
        guard milliseconds >= 1_000 else { return "\(milliseconds) ms" }
        return "\(milliseconds / 1_000).\(milliseconds % 1_000 / 100) s"
    }
}
