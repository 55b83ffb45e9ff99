/// What a run writes down about itself while it lasts: lines of a word and a text, each of which is whole or, as the last one, not there.
///
/// The file is readable by a person, and by every version that comes after: of words that it does not know it knows nothing.
struct RunRecord: Sendable, Hashable {
    /// One line.
    enum Line: Sendable, Hashable {
        case program(String)
        case version(String)
        case process(Int32)
        /// The kernel's id of this start of the machine.
        case boot(String)
        case executable(path: String, buildID: String)
        /// Where the page lies.
        case page(String)
        /// Where the standard error leads.
        case standardError(String)
        /// What the kernel had killed for want of memory before, if it says so.
        case outOfMemoryKills(Int64)
        case began(Int64)
        case stageBegan(String, at: Int64)
        case stageEnded(String, PastRun.StageOutcome, at: Int64)
        /// The start was over, and the program ran: in safe mode or not.
        case launched(isSafe: Bool, at: Int64)
        /// The start was given up in order.
        case gaveUp(at: Int64)
        /// It said that it ends, and how.
        case ended(End)
        /// Somebody looked at what was left of the run; in short.
        case settled(RunEnding.Kind)
    }

    /// What the process said of its own end.
    enum End: Sendable, Hashable {
        case exit(Int32)
        case signal(Int32)
        case pastBudget, quit
    }

    static let format = "roost-run-1"

    var program = ""
    var version = ""
    var process: Int32 = 0
    var boot = ""
    var executable = ""
    var buildID = ""
    var page: String?
    var standardError = ""
    var outOfMemoryKills: Int64?
    /// Nanoseconds since 1970, as all times here.
    var began: Int64 = 0
    var stages: [Stage] = []
    var launched: Int64?
    var isSafe = false
    var gaveUp = false
    var ended: End?
    var settled: RunEnding.Kind?

    struct Stage: Sendable, Hashable {
        var name: String
        var began: Int64
        var ended: Int64?
        var outcome: PastRun.StageOutcome?
    }

    /// The stage that was under way; of several the innermost.
    var openStage: Stage? { stages.last { $0.ended == nil } }

    init() {}

    /// Reads a file; nil if it is not one of these.
    init?(_ text: String) {
        // A last line without its end was being written when the machine went down.
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        guard lines.first == Self.format[...] else { return nil }
        for line in lines.dropFirst() {
            if let line = Line(line) { add(line) }
        }
    }

    mutating func add(_ line: Line) {
        switch line {
        case .program(let name): program = name
        case .version(let text): version = text
        case .process(let id): process = id
        case .boot(let id): boot = id
        case .executable(let path, let id): (executable, buildID) = (path, id)
        case .page(let path): page = path
        case .standardError(let path): standardError = path
        case .outOfMemoryKills(let count): outOfMemoryKills = count
        case .began(let time): began = time
        case .stageBegan(let name, let time): stages.append(Stage(name: name, began: time))
        case .stageEnded(let name, let outcome, let time):
            guard let open = stages.lastIndex(where: { $0.name == name && $0.ended == nil }) else {
                // One that was skipped never began.
                stages.append(Stage(name: name, began: time, ended: time, outcome: outcome))
                return
            }
            (stages[open].ended, stages[open].outcome) = (time, outcome)
        case .launched(let isSafe, let time): (self.isSafe, launched) = (isSafe, time)
        case .gaveUp: gaveUp = true
        // The first that was said.
        case .ended(let end): ended = ended ?? end
        case .settled(let short): settled = short
        }
    }
}

extension RunRecord {
    /// What every record begins with.
    static func beginning(
        _ program: String, _ version: String, process: Int32, _ machine: RunStore.Machine, began: Int64
    ) -> [Line] {
        [
            .program(program), .version(version), .process(process), .boot(machine.boot),
            .executable(path: machine.executable, buildID: machine.buildID), .began(began),
        ]
    }
}

extension RunRecord.Line {
    /// The line as it stands in the file, with its end.
    var text: String {
        let (word, rest): (String, String) =
            switch self {
            case .program(let name): ("program", Self.escape(name))
            case .version(let version): ("version", Self.escape(version))
            case .process(let id): ("process", "\(id)")
            case .boot(let id): ("boot", Self.escape(id))
            case .executable(let path, let id): ("executable", "\(id.isEmpty ? "-" : id) \(Self.escape(path))")
            case .page(let path): ("page", Self.escape(path))
            case .standardError(let path): ("error", Self.escape(path))
            case .outOfMemoryKills(let count): ("oom-kills", "\(count)")
            case .began(let time): ("began", "\(time)")
            case .stageBegan(let name, let time): ("stage-began", "\(time) \(Self.escape(name))")
            case .stageEnded(let name, let outcome, let time):
                ("stage-ended", "\(time) \(outcome.rawValue) \(Self.escape(name))")
            case .launched(let isSafe, let time): ("launched", "\(time) \(isSafe ? "safe" : "normal")")
            case .gaveUp(let time): ("gave-up", "\(time)")
            case .ended(.exit(let status)): ("ended", "exit \(status)")
            case .ended(.signal(let number)): ("ended", "signal \(number)")
            case .ended(.pastBudget): ("ended", "past-budget 70")
            case .ended(.quit): ("ended", "quit 3")
            case .settled(let short): ("settled", short.rawValue)
            }
        return "\(word) \(rest)\n"
    }

    init?(_ line: Substring) {
        let parts = line.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2 else { return nil }
        let rest = parts[1]
        /// The next `count` words, and what follows them.
        func words(_ count: Int) -> [Substring]? {
            let words = rest.split(separator: " ", maxSplits: count, omittingEmptySubsequences: false)
            return words.count == count + 1 ? words : nil
        }
        switch parts[0] {
        case "program": self = .program(Self.unescape(rest))
        case "version": self = .version(Self.unescape(rest))
        case "process":
            guard let id = Int32(rest) else { return nil }
            self = .process(id)
        case "boot": self = .boot(Self.unescape(rest))
        case "executable":
            guard let words = words(1) else { return nil }
            self = .executable(path: Self.unescape(words[1]), buildID: words[0] == "-" ? "" : String(words[0]))
        case "page": self = .page(Self.unescape(rest))
        case "error": self = .standardError(Self.unescape(rest))
        case "oom-kills":
            guard let count = Int64(rest) else { return nil }
            self = .outOfMemoryKills(count)
        case "began":
            guard let time = Int64(rest) else { return nil }
            self = .began(time)
        case "stage-began":
            guard let words = words(1), let time = Int64(words[0]) else { return nil }
            self = .stageBegan(Self.unescape(words[1]), at: time)
        case "stage-ended":
            guard let words = words(2), let time = Int64(words[0]),
                let outcome = PastRun.StageOutcome(rawValue: String(words[1]))
            else { return nil }
            self = .stageEnded(Self.unescape(words[2]), outcome, at: time)
        case "launched":
            guard let words = words(1), let time = Int64(words[0]) else { return nil }
            self = .launched(isSafe: words[1] == "safe", at: time)
        case "gave-up":
            guard let time = Int64(rest) else { return nil }
            self = .gaveUp(at: time)
        case "ended":
            guard let words = words(1), let number = Int32(words[1]) else { return nil }
            switch words[0] {
            case "exit": self = .ended(.exit(number))
            case "signal": self = .ended(.signal(number))
            case "past-budget": self = .ended(.pastBudget)
            case "quit": self = .ended(.quit)
            default: return nil
            }
        case "settled":
            guard let short = RunEnding.Kind(rawValue: String(rest)) else { return nil }
            self = .settled(short)
        default: return nil
        }
    }

    /// On one line: a name may hold anything.
    private static func escape(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 0x0A || $0 == 0x5C }) else { return text }
        return String(
            text.flatMap { character in
                switch character {
                case "\n": Array("\\n")
                case "\r\n": Array("\r\\n")
                case "\\": Array("\\\\")
                default: [character]
                }
            })
    }

    private static func unescape(_ text: Substring) -> String {
        guard text.contains("\\") else { return String(text) }
        var result = ""
        var isEscaped = false
        for character in text {
            if isEscaped {
                result.append(character == "n" ? "\n" : character)
                isEscaped = false
            } else if character == "\\" {
                isEscaped = true
            } else {
                result.append(character)
            }
        }
        return result
    }
}
