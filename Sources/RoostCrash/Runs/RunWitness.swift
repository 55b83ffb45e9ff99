import Glibc
import RoostCrashReport

/// What the parent of a run saw of its end.
struct RunWitness: Sendable, Hashable {
    /// How it ended, as its wait says it.
    var end: ProcessEnd
    /// When, in nanoseconds since 1970.
    var time: Int64
    /// The last that it printed on standard error.
    var output: [UInt8]
    /// Whether there was more before.
    var outputIsCut: Bool
    /// Whether the kernel killed for want of memory while it ran.
    var hasMemoryKill: Bool

    /// The signals that are a crash, as the handlers have them.
    private static let fatal: Set<Int32> = [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS]
    private static let mostLines = 200

    /// The signal that ended it, if it is one of a crash.
    var fatalSignal: CrashSignal? {
        end.signal.flatMap { Self.fatal.contains($0) ? CrashSignal(number: $0) : nil }
    }

    /// How the run ended: what it said of itself, unless that is not how it came.
    func ending(_ record: RunRecord, _ page: LeftPage?) -> RunEnding {
        if let first = page?.first { return .crashed(first.signal) }
        if let signal = fatalSignal { return .crashed(signal) }
        switch (page?.end ?? record.ended, end) {
        // It said so, and perhaps fell at something that its exit did afterwards, with another status.
        case (.exit?, .exited(let status)): return .clean(status: status)
        case (.signal(let said)?, .signalled(let number, _)) where said == number: return .stopped(signal: number)
        case (.pastBudget?, .exited): return .pastBudget
        case (.quit?, .signalled(SIGQUIT, _)): return .quit
        default: break
        }
        guard end.signal == SIGKILL else { return .killed(nil) }
        return .killed(hasMemoryKill ? .outOfMemory : page?.isEnding == true ? .whileEnding : nil)
    }

    /// What it printed itself: without the line that its handler prints, which is no news.
    func printed(of program: String) -> [UInt8] {
        let words = [true, false].map { Array(CrashCapture.lastWord(of: program, isKept: $0).utf8) }
        let lines = output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return Array(
            lines.filter { line in !words.contains { line.elementsEqual($0) } }.joined(separator: [UInt8(ascii: "\n")]))
    }

    /// The last lines, fit to stand in a report.
    func lines(of program: String) -> [String] {
        var lines = printed(of: program).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        if lines.last?.isEmpty == true { lines.removeLast() }
        if outputIsCut, lines.count > 1 { lines.removeFirst() }
        return lines.suffix(Self.mostLines).map { TerminalText.line(String(decoding: $0, as: UTF8.self)) }
    }
}
