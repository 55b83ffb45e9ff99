extension CrashReport: CustomStringConvertible {
    /// For people, at most some eighty lines: what happened and where, the crashed thread's frames, a line for each other
    /// thread, and plainly what is not certain.
    public var description: String {
        var lines = [summary, "  \(TerminalText.line(program)), process \(process), \(end)"]
        lines += reason.details.map { "  | \(TerminalText.line($0))" }
        if let doubt = reason.doubt { lines.append("  not certain: \(doubt)") }
        if let thread = crashedThread {
            lines.append("  \(thread.title) crashed:")
            lines += FoldedFrames(thread).lines(atMost: Self.mostFrameLines)
        }
        lines += otherThreads
        if let problem = backtraceProblem {
            let beginning = threads.isEmpty ? "no backtrace" : "the backtrace is not whole"
            lines.append("  \(beginning): \(TerminalText.line(problem))")
        }
        return lines.joined(separator: "\n")
    }

    /// The report in one line: the signal, the reason, and the program's own line that is nearest.
    public var summary: String {
        let what = signal.map { "\($0): " } ?? ""
        var line = what + TerminalText.line(reason.description)
        if let place { line += ", \(TerminalText.line(place))" }
        return line
    }

    /// The program's own frame that is nearest, with a line: its own, that of the message, or where it was called.
    private var place: String? {
        guard let thread = crashedThread, let frame = thread.ownFrame, let symbol = frame.symbol else {
            return reasonPlace.map { "at \($0)" }
        }
        if let line = frame.shortPlace ?? reasonPlace { return "in \(symbol) at \(line)" }
        let caller = thread.frames.first { $0.isOwnCode && $0.place != nil }
        return "in \(symbol)" + (Self.place(of: caller).map { ", called \($0)" } ?? "")
    }

    private static let mostFrameLines = 30
    private static let mostThreadLines = 32

    private static func place(of frame: CrashFrame?) -> String? {
        guard let frame, let symbol = frame.symbol else { return nil }
        return "in \(symbol)" + (frame.shortPlace.map { " at \($0)" } ?? "")
    }

    /// Where the message says it is; of the standard library's own files that says nothing to anybody.
    private var reasonPlace: String? {
        guard let file = reason.file, let line = reason.line, !file.hasPrefix("Swift/"),
            !file.hasPrefix("_Concurrency/")
        else { return nil }
        return "\(file):\(line)"
    }

    private var otherThreads: [String] {
        let others = threads.filter { !$0.isCrashed }
        guard !others.isEmpty || omittedThreads > 0 else { return [] }
        var lines = ["  other threads:"]
        for thread in others.prefix(Self.mostThreadLines) {
            lines.append("    \(thread.title)\(Self.activity(of: thread))")
        }
        let (left, isTooMany) = max(0, others.count - Self.mostThreadLines).addingReportingOverflow(omittedThreads)
        if isTooMany || left > 0 { lines.append("    … \(isTooMany ? omittedThreads : left) more") }
        return lines
    }

    private static func activity(of thread: CrashThread) -> String {
        guard let innermost = thread.frames.first else { return ", no frames" }
        let inner = innermost.symbol ?? innermost.description
        let own = thread.ownFrame.flatMap { $0 == innermost ? place(of: $0) : "in \(inner), \(place(of: $0) ?? "")" }
        return " " + TerminalText.line(own ?? "in \(inner)", limit: 200)
    }
}
