import ThumbnailKit

/// What the command line asks for.
///
/// Read from the raw bytes the system passed: a folder's name need not be UTF-8, and a parser that works on `String` would
/// look for another folder.
struct Arguments {
    var folder: RawPath?
    var output: RawPath?
    var size = ThumbnailSize.large
    var jobs: Int?
    var again = false
    var json = false
    var budget: Double?
    /// Decode in this process, as programs without worker processes do.
    var inProcess = false
    var decodeTime: Double?
    var surface: Surface?
    var safeMode = false
    /// The stage of the start that is to fail.
    var failStage: StageFailure?

    /// Where it is to run.
    enum Surface {
        case window
        case terminal
    }

    /// JSON lines are for programs, which have no use for a window.
    func wantsWindow(hasDisplay: () -> Bool) -> Bool {
        switch surface {
        case .window: true
        case .terminal: false
        case nil: !json && hasDisplay()
        }
    }

    enum Parsed {
        case run(Arguments)
        case help
        /// One line that says what is wrong.
        case wrong(String)
    }

    static let help = """
        Usage: demo [FOLDER] [--output DIR] [--size normal|large|x-large|xx-large] [--jobs N] [--again] [--json]

        Makes thumbnails of the pictures in FOLDER and below, where file managers look for them.
        Without FOLDER: of your pictures, else of those that come with the desktop.

          --output DIR    put the thumbnails into DIR instead of ~/.cache/thumbnails (same layout within)
          --size SIZE     normal (128), large (256, the default), x-large (512) or xx-large (1024 pixels)
          --jobs N        pictures at a time (default: one a processor)
          --again         make every thumbnail, also fresh ones and those that failed before
          --json          one JSON object a picture on standard output, and a last one with the counts
          --decode-time S seconds of processor time that decoding one picture may take (default 10);
                          one that took more before is tried again with a larger S
          --in-process    decode in this process: what crashes or hangs a decoder then does so to all of it
          --budget S      seconds from a request to stop until the program is gone (default 10)
          --safe-mode     start with what cannot be left out alone; a window then waits for its Start button
          --fail-stage NAME
                          let a stage of the start fail, to see what happens then: 'cache folder', 'decoder check'
                          or 'process pool'; with =hang or =crash behind the name it does that instead.
                          In safe mode nothing is made to fail
          --window        run in a window (the default where there is a display)
          --terminal      run in the terminal
          --help          this text

        Stop it whenever you like (Ctrl-C): nothing half-written stays, and the next run makes what is missing.
        Exit status: 0 all made, 1 some pictures failed, 2 wrong arguments, 70 something did not stop in time,
        75 somebody quit because it could not start;
        stopped by a signal, it ends by that signal (130 after Ctrl-C).

        """

    static func parse(_ words: [[UInt8]]) -> Parsed {
        var arguments = Arguments()
        var rest = words[...]
        var optionsAreOver = false
        while let word = rest.popFirst() {
            let text = String(decoding: word, as: UTF8.self)
            guard !optionsAreOver, text.hasPrefix("-"), text != "-" else {
                guard arguments.folder == nil else {
                    return .wrong("one folder at a time: '\(RawPath(bytes: word).printable)' is a second one")
                }
                guard !word.isEmpty else { return .wrong("the folder's name is empty") }
                arguments.folder = RawPath(bytes: word)
                continue
            }
            if text == "--" {
                optionsAreOver = true
                continue
            }
            if text == "--help" || text == "-h" { return .help }
            if let problem = arguments.take(option: word, &rest) { return .wrong(problem) }
        }
        return .run(arguments)
    }

    /// Takes one option and its value; the problem when there is one.
    private mutating func take(option word: [UInt8], _ rest: inout ArraySlice<[UInt8]>) -> String? {
        let parts = word.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
        let name = String(decoding: parts[0], as: UTF8.self)
        let attached = parts.count > 1 ? Array(parts[1]) : nil
        switch name {
        case "--again": again = true
        case "--json": json = true
        case "--in-process": inProcess = true
        case "--terminal": surface = .terminal
        case "--window": surface = .window
        case "--safe-mode": safeMode = true
        case "--output", "--size", "--jobs", "--budget", "--decode-time", "--fail-stage":
            guard let value = attached ?? rest.popFirst(), !value.isEmpty else { return "\(name) needs a value" }
            return take(name, value)
        default: return "there is no option '\(RawPath(bytes: word).printable)'; --help lists them"
        }
        return attached == nil ? nil : "\(name) takes no value"
    }

    private mutating func take(_ name: String, _ value: [UInt8]) -> String? {
        let text = String(decoding: value, as: UTF8.self)
        switch name {
        case "--output": output = RawPath(bytes: value)
        case "--size":
            guard let size = ThumbnailSize(rawValue: text) else {
                return "--size is one of normal, large, x-large and xx-large, not '\(RawPath(bytes: value).printable)'"
            }
            self.size = size
        case "--jobs":
            guard let jobs = Int(text), (1...512).contains(jobs) else {
                return "--jobs is a whole number from 1 to 512, not '\(RawPath(bytes: value).printable)'"
            }
            self.jobs = jobs
        case "--fail-stage": return take(failStage: text, RawPath(bytes: value).printable)
        default:
            guard let seconds = Double(text), seconds.isFinite, (0.1...3_600).contains(seconds) else {
                return "\(name) is a number of seconds from 0.1 to 3600, not '\(RawPath(bytes: value).printable)'"
            }
            if name == "--budget" { budget = seconds } else { decodeTime = seconds }
        }
        return nil
    }

    private mutating func take(failStage text: String, _ shown: String) -> String? {
        do throws(StageFailure.Wrong) {
            failStage = try StageFailure(text)
            return nil
        } catch {
            switch error {
            case .stage:
                return "--fail-stage is one of '\(StartStages.names.joined(separator: "', '"))', not '\(shown)'"
            case .manner: return "--fail-stage takes =error, =hang or =crash behind the stage's name, not '\(shown)'"
            }
        }
    }
}
