/// Tells what threads of this process are doing at this moment: whoever has one gives it to ``Shutdown/stackSource``, and the late are in
/// the report with their stacks.
///
/// The methods are called on a thread of Roost's that nobody waits for past the limit; an answer that comes later is not looked at. They may
/// interrupt system calls of the threads that they ask: the process is at its end.
public protocol StackSource: Sendable {
    /// These threads are likely to be asked about soon: what takes long, reading symbols for instance, may be done beforehand. Must not
    /// disturb them, for they may still end in order. The default does nothing.
    func prepare(_ threads: Set<Int32>)

    /// What these threads are doing, by their kernel ids; one that is not there any more is left out.
    func stacks(of threads: Set<Int32>, within limit: Duration) -> [ThreadStack]

    /// What a thread is doing, and which other one keeps it from going on.
    func hold(of thread: Int32, within limit: Duration) -> ThreadHold
}

extension StackSource {
    public func prepare(_ threads: Set<Int32>) {}
}

/// What one thread is doing.
public struct ThreadStack: Sendable, Hashable {
    /// Its kernel id.
    public var thread: Int32
    /// The thread for people.
    public var name: String
    /// Its calls, innermost first, each as `name at file:line` as far as that is known.
    public var lines: [String]
    /// What it waits in; nil for one that runs.
    public var waitsIn: String?
    /// Why there are no lines; nil when there are some.
    public var problem: String?

    /// Creates the stack of a thread.
    public init(thread: Int32, name: String, lines: [String], waitsIn: String? = nil, problem: String? = nil) {
        self.thread = thread
        self.name = name
        self.lines = lines
        self.waitsIn = waitsIn
        self.problem = problem
    }
}

/// A thread, and who keeps it from going on.
public struct ThreadHold: Sendable, Hashable {
    /// The thread.
    public var held: ThreadStack
    /// Whom it waits for; those that it may wait for, if that cannot be known.
    public var keepers: [ThreadStack]
    /// True if it is certain that it waits for the one.
    public var isCertain: Bool

    /// Creates what is known of a thread that does not go on.
    public init(held: ThreadStack, keepers: [ThreadStack], isCertain: Bool) {
        self.held = held
        self.keepers = keepers
        self.isCertain = isCertain
    }
}

// MARK: - Text

extension ThreadStack {
    /// A report's lines.
    var text: [String] {
        var text: [String] = []
        if let waitsIn { text.append("waits in \(PrintableText.short(waitsIn, limit: 400))") }
        if let problem { text.append("no stack: \(PrintableText.short(problem, limit: 400))") }
        return text + lines.map { PrintableText.short($0, limit: 1_000) }
    }

    private var title: String { "\(PrintableText.short(name, limit: 200)) (\(thread))" }

    /// The same below a line that names it.
    fileprivate func text(_ says: (String) -> String) -> [String] { [says(title)] + text.map { "  " + $0 } }
}

extension ThreadHold {
    /// A report's lines.
    var text: [String] {
        var text = held.text { "the exit hangs in \($0):" }
        if keepers.isEmpty { text.append("it cannot be known what it waits for") }
        for keeper in keepers {
            text += keeper.text { isCertain ? "it waits for \($0):" : "it may wait for \($0):" }
        }
        return text
    }
}

// MARK: - JSON

extension ThreadStack {
    var json: JSONValue {
        .object([
            "thread": .integer(Int64(thread)), "name": .string(name), "lines": .array(lines.map { .string($0) }),
            "waitsIn": waitsIn.map { .string($0) } ?? .null, "problem": problem.map { .string($0) } ?? .null,
        ])
    }

    /// Nil where there is none, as in a report of the form without stacks.
    init?(_ json: JSONValue) {
        guard let thread = json["thread"].integer, let name = json["name"].string, let lines = json["lines"].array
        else { return nil }
        self.init(
            thread: Int32(clamping: thread), name: name, lines: lines.compactMap(\.string),
            waitsIn: json["waitsIn"].string, problem: json["problem"].string)
    }
}

extension ThreadHold {
    var json: JSONValue {
        .object([
            "held": held.json, "keepers": .array(keepers.map(\.json)), "isCertain": .bool(isCertain),
        ])
    }

    init?(_ json: JSONValue) {
        guard let held = ThreadStack(json["held"]), let keepers = json["keepers"].array else { return nil }
        self.init(
            held: held, keepers: keepers.compactMap { ThreadStack($0) }, isCertain: json["isCertain"] == .bool(true))
    }
}
