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
        /// The files that it wanted to have gone were removed: another run may have some of the same names by now.
        case cleared
        /// Somebody begins to look up the names of its stacks.
        case naming
        /// A later run was told of this one, and lasted.
        case told
        /// Its own lines found no room: somebody wrote down what its name says.
        case pieced
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
    var isCleared = false
    var isTold = false
    /// How many have begun to look up the names.
    var namings = 0
    /// It did not say that it ended in order, and nobody has said that he was told.
    var mayBeUntold: Bool {
        guard !isTold else { return false }
        switch ended {
        case .exit?, .signal?: return false
        case .pastBudget?, .quit?, nil: return true
        }
    }
    var isPieced = false

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
        // By bytes: a name may end with one that makes a character together with the line's end. A last line without its end was being written
        // when the machine went down.
        let lines = text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropLast()
        // Before it stands what found no room as a whole.
        guard let start = lines.firstIndex(where: { $0.elementsEqual(Self.format.utf8) }) else { return nil }
        for line in lines[start...].dropFirst() {
            if let line = Line(line) { add(line) }
        }
    }

    /// Reads a record; of a very long one the beginning, which says what run it was, and the end, which says how it ended.
    init?(_ file: File) {
        let (beginning, ending) = (16 * 1024, 48 * 1024)
        let size = file.size
        guard size > beginning + ending else {
            self.init(String(decoding: file.contents(limit: beginning + ending), as: UTF8.self))
            return
        }
        self.init(String(decoding: file.contents(limit: beginning), as: UTF8.self))
        // How those came out is among what is left out.
        stages = []
        let text = String(decoding: file.contents(limit: ending, from: size - ending), as: UTF8.self)
        for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false).dropFirst().dropLast() {
            if let line = Line(line) { add(line) }
        }
    }

    /// Stages of a start come one after the other: further back nobody looks for one that is open.
    private static let mostOpenStages = 64

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
            let last = stages.suffix(Self.mostOpenStages)
            guard let open = last.lastIndex(where: { $0.name == name && $0.ended == nil }) else {
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
        case .cleared: isCleared = true
        case .told: isTold = true
        case .naming: namings += 1
        case .pieced: isPieced = true
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
    /// The line for a record that somebody else has written: the last one there may have no end.
    var textOnItsOwn: String { "\n" + text }

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
            case .cleared: ("cleared", "")
            case .told: ("told", "")
            case .naming: ("naming", "")
            case .pieced: ("pieced", "")
            }
        return "\(word) \(rest)\n"
    }

    init?(_ line: Substring.UTF8View) {
        let parts = Self.words(in: line, 1)
        guard parts.count == 2 else { return nil }
        let rest = parts[1]
        /// The next `count` words, and what follows them.
        func words(_ count: Int) -> [Substring]? {
            let words = Self.words(in: rest.utf8, count)
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
        case "cleared": self = .cleared
        case "told": self = .told
        case "naming": self = .naming
        case "pieced": self = .pieced
        default: return nil
        }
    }

    private static func words(in line: Substring.UTF8View, _ count: Int) -> [Substring] {
        line.split(separator: 0x20, maxSplits: count, omittingEmptySubsequences: false).map { Substring($0) }
    }

    /// On one line: a name may hold anything.
    private static func escape(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case 0x0A: bytes += "\\n".utf8
            case 0x0D: bytes += "\\r".utf8
            case 0x5C: bytes += "\\\\".utf8
            default: bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func unescape(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var isEscaped = false
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "n") where isEscaped: bytes.append(0x0A)
            case UInt8(ascii: "r") where isEscaped: bytes.append(0x0D)
            case 0x5C where !isEscaped:
                isEscaped = true
                continue
            default: bytes.append(byte)
            }
            isEscaped = false
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
