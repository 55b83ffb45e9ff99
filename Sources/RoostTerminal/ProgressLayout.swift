import Roost

/// What a progress line says, as a pure function of the progress and the width.
public struct ProgressLayout: Sendable, Equatable {
    /// The columns there are; pieces are left out, the least important first, until the line fits.
    public var width: Int
    /// Whether the bar may be coloured.
    public var usesColor: Bool

    /// Creates a layout.
    public init(width: Int, usesColor: Bool) {
        self.width = max(1, width)
        self.usesColor = usesColor
    }

    /// One line without a line break, never wider than ``width``.
    public func line(label: String, _ progress: WorkerProgress) -> String {
        let counts = progress.total.map { "\(progress.completed)/\($0)" } ?? "\(progress.completed)"
        let percent = progress.total == nil ? "" : "\(Int(progress.fraction * 100)) %"
        let rate = progress.rate.map { "\(Self.number($0))/s" } ?? ""
        let left = progress.timeLeft.map { "\(Self.clock($0)) left" } ?? ""
        let message = Self.printable(progress.message)
        let bar = progress.total == nil ? "" : "bar"
        // From the fullest to the barest; the first that fits is taken.
        let candidates: [[String]] = [
            [label, bar, percent, counts, rate, left, message],
            [label, bar, percent, counts, rate, left],
            [label, percent, counts, rate, left],
            [label, percent, counts, left],
            [label, counts],
            [counts],
        ]
        for pieces in candidates {
            if let line = fit(pieces.filter { !$0.isEmpty }, message: message, progress.fraction) { return line }
        }
        return Self.cut(counts, to: width)
    }

    private static let barColumns = 20

    private func fit(_ pieces: [String], message: String, _ fraction: Double) -> String? {
        var columns = (pieces.count - 1) * 2
        for piece in pieces { columns += piece == "bar" ? Self.barColumns + 2 : Self.columns(piece) }
        var pieces = pieces
        if columns > width {
            // A long message is cut before anything else is dropped, as long as some of it is left.
            let over = columns - width
            guard let last = pieces.last, last == message, Self.columns(last) - over >= 8 else { return nil }
            pieces[pieces.count - 1] = Self.cut(last, to: Self.columns(last) - over)
        }
        return pieces.map { $0 == "bar" ? bar(fraction) : $0 }.joined(separator: "  ")
    }

    private func bar(_ fraction: Double) -> String {
        let filled = Int(Double(Self.barColumns) * fraction)
        let full = String(repeating: "#", count: filled)
        let empty = String(repeating: "-", count: Self.barColumns - filled)
        return usesColor ? "[\u{1B}[32m\(full)\u{1B}[0m\(empty)]" : "[\(full)\(empty)]"
    }

    // MARK: Text

    private static func number(_ value: Double) -> String {
        value >= 10 ? "\(Int(min(value, 1e15).rounded()))" : "\(Double(Int(value * 10)) / 10)"
    }

    /// `3 s`, `2:05`, `1:02:03`.
    private static func clock(_ duration: Duration) -> String {
        let seconds = Int(clamping: duration.components.seconds)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        if seconds < 60 { return "\(seconds) s" }
        if seconds < 3_600 { return "\(seconds / 60):\(two(seconds % 60))" }
        return "\(seconds / 3_600):\(two(seconds / 60 % 60)):\(two(seconds % 60))"
    }

    /// Without anything that moves the cursor or changes the terminal: names of files can hold anything.
    public static func printable(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
                result.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// The columns a text takes in a terminal: two for wide East Asian characters and emoji, none for combining marks.
    public static func columns(_ text: String) -> Int {
        text.unicodeScalars.reduce(0) { $0 + columns($1) }
    }

    private static func columns(_ scalar: Unicode.Scalar) -> Int {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format, .control: return 0
        default: break
        }
        switch scalar.value {
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
            0x20000...0x3FFFD:
            return 2
        default: return 1
        }
    }

    private static func cut(_ text: String, to limit: Int) -> String {
        guard columns(text) > limit else { return text }
        var result = ""
        var used = 0
        for character in text {
            let next = columns(String(character))
            guard used + next < limit else { break }
            result.append(character)
            used += next
        }
        return limit > 0 ? result + "…" : ""
    }
}
