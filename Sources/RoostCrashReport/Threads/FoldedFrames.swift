/// A stack for reading: what the runtime did after the failure in one line, repetitions counted instead of shown.
struct FoldedFrames {
    enum Entry: Hashable {
        case frame(Int, CrashFrame)
        /// Frames that are not the program's own, with the name of one where they are the innermost.
        case runtime(frames: Int, innermost: String?)
        /// The last so many entries stand there so many times more.
        case again(Int, times: Int)
        /// Frames that nobody kept.
        case omitted(Int)
    }

    private(set) var entries: [Entry] = []
    /// How often the most frequent group repeats.
    private(set) var repeats = 0

    /// Recursion through more functions than these is shown as it is.
    private static let longestGroup = 12

    init(_ thread: CrashThread) {
        let frames = thread.frames
        let gap = thread.omittedFrames > 0 ? min(max(0, thread.omittedAt), frames.count) : frames.count
        fold(frames, from: 0, to: gap)
        if thread.omittedFrames > 0 {
            entries.append(.omitted(thread.omittedFrames))
            fold(frames, from: gap, to: frames.count)
        }
        // A stack without anything of the program's own is shown as it is: there is nothing else to see.
        if frames.contains(where: \.isOwnCode) { foldRuntime() }
    }

    /// Two and more frames in a row that are not the program's own become one entry.
    private mutating func foldRuntime() {
        var result: [Entry] = []
        var run: [Entry] = []
        func end() {
            if run.count > 1, case .frame(let number, let first) = run[0] {
                let notes = run.compactMap { if case .frame(_, let frame) = $0 { frame } else { nil } }
                let shown = notes.first(where: \.isRuntimeFailure) ?? first
                result.append(.runtime(frames: run.count, innermost: number == 0 ? shown.symbol : nil))
            } else {
                result += run
            }
            run = []
        }
        for entry in entries {
            if case .frame(_, let frame) = entry, !frame.isOwnCode {
                run.append(entry)
            } else {
                end()
                result.append(entry)
            }
        }
        end()
        entries = result
    }

    private mutating func fold(_ frames: [CrashFrame], from start: Int, to end: Int) {
        var index = start
        while index < end {
            guard let group = Self.group(in: frames, at: index, end: end) else {
                entries.append(.frame(index, frames[index]))
                index += 1
                continue
            }
            for frame in index..<index + group.length { entries.append(.frame(frame, frames[frame])) }
            entries.append(.again(group.length, times: group.times - 1))
            repeats = max(repeats, group.times)
            index += group.length * group.times
        }
    }

    /// The shortest group of functions that begins here and stands here at least three times.
    private static func group(in frames: [CrashFrame], at start: Int, end: Int) -> (length: Int, times: Int)? {
        for length in 1...longestGroup where start + 3 * length <= end {
            var same = 0
            while start + length + same < end, isSame(frames[start + same], frames[start + length + same]) { same += 1 }
            let times = 1 + same / length
            if times >= 3 { return (length, times) }
        }
        return nil
    }

    private static func isSame(_ one: CrashFrame, _ other: CrashFrame) -> Bool {
        one.symbol == nil ? one.address == other.address : one.symbol == other.symbol && one.image == other.image
    }
}

extension FoldedFrames {
    /// Numbered lines; of too many the ones in the middle are left out.
    func lines(atMost limit: Int) -> [String] {
        var lines = entries.map(Self.line)
        if lines.count > limit {
            let left = limit - 1 - limit / 4
            let omitted = lines.count - limit + 1
            lines.replaceSubrange(left..<left + omitted, with: ["       … \(omitted) lines left out"])
        }
        return lines
    }

    private static func line(_ entry: Entry) -> String {
        switch entry {
        case .frame(let number, let frame):
            let digits = String(number)
            let padding = String(repeating: " ", count: max(0, 5 - digits.count))
            return "\(padding)\(digits)  \(TerminalText.line(frame.description))"
        case .runtime(let count, let innermost):
            let name = innermost.map { ", the innermost \(TerminalText.line($0))" } ?? ""
            return "       … \(count) frames of the runtime\(name)"
        case .again(let length, let times):
            return length == 1
                ? "       … the same \(times) times more" : "       … the same \(length) frames \(times) times more"
        case .omitted(let count): return "       … \(count) frames not kept"
        }
    }
}
