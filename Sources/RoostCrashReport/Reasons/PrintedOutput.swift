/// The last of what a crashed process printed, as lines, with what the runtime adds when it crashes told apart.
struct PrintedOutput {
    /// The lines before the backtracer's first, or all if it said nothing.
    private let lines: [Substring]
    /// The lines after it: of other threads, or of the backtracer.
    private let later: [Substring]
    /// The signal that the runtime said it crashed with.
    let announcedSignal: Int32?

    /// More of a line is not looked at.
    private static let longestLine = 2_000

    init(_ text: String, isCut: Bool) {
        var lines = text.split(omittingEmptySubsequences: false) { $0.isNewline }.map { $0.prefix(Self.longestLine) }
        // Half a line may look like a whole one.
        if isCut, lines.count > 1 { lines.removeFirst() }
        let announcement = lines.firstIndex { Self.signal(announcedBy: $0) != nil }
        announcedSignal = announcement.flatMap { Self.signal(announcedBy: lines[$0]) }
        let isOurs = { (line: Substring) in !Self.isChatter(line) }
        self.lines = lines[..<(announcement ?? lines.endIndex)].filter(isOurs)
        later = lines[(announcement ?? lines.endIndex)...].filter(isOurs)
    }

    /// The last message that speaks of such an end. One from after the backtracer's beginning is another thread's, and
    /// counts only if there is none before.
    func reason(signal: Int32?, end: ProcessEnd) -> CrashReason? {
        for lines in [lines, later] {
            for index in lines.indices.reversed() {
                guard var found = PrintedMessage.read(lines, at: index), found.fits(signal: signal, end: end) else {
                    continue
                }
                let rest = lines[(index + found.lines)...].drop(while: \.isEmpty)
                if found.reason.details.isEmpty { found.reason.details = Self.details(rest) }
                return found.reason
            }
        }
        guard let signal, [4, 5].contains(signal), let last = lines.last(where: { !$0.isEmpty }) else { return nil }
        return PrintedMessage.glued(last)
    }

    private static func details(_ lines: ArraySlice<Substring>) -> [String] {
        var lines = lines[...]
        while let last = lines.last, last.isEmpty { lines.removeLast() }
        return lines.prefix(CrashReason.mostDetails).map { String($0.prefix(400)) }
    }

    /// `*** Signal 4: Backtracing from 0x…`: the runtime's handler ran.
    private static func signal(announcedBy line: Substring) -> Int32? {
        guard line.hasPrefix("*** Signal "), line.contains(": Backtracing from ") else { return nil }
        return Int32(line.dropFirst(11).prefix { $0.isNumber })
    }

    /// What the runtime prints about its own work on the crash.
    private static func isChatter(_ line: Substring) -> Bool {
        signal(announcedBy: line) != nil || line.hasPrefix("swift-runtime: ") || line.hasPrefix("swift runtime: ")
            || line.hasPrefix("swift-backtrace: ") || line.hasPrefix("{ \"timestamp\": ")
    }
}
