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
        let counts = Piece(progress.total.map { "\(progress.completed)/\($0)" } ?? "\(progress.completed)")
        let percent = Piece(progress.total == nil ? "" : "\(Int(progress.fraction * 100)) %")
        let rate = Piece(progress.rate.map { "\(Self.number($0))/s" } ?? "")
        let left = Piece(progress.timeLeft.map { "\(Self.clock($0)) left" } ?? "")
        let bar = progress.total == nil ? Piece("") : bar(progress.fraction)
        let label = Piece(Self.printable(label))
        let message = Piece(Self.printable(progress.message))
        // From the fullest to the barest; the first that fits is taken.
        if let line = fit([label, bar, percent, counts, rate, left], message: message) { return line }
        let candidates = [
            [label, bar, percent, counts, rate, left],
            [label, percent, counts, rate, left],
            [label, percent, counts, left],
            [label, counts],
            [counts],
        ]
        for pieces in candidates {
            if let line = fit(pieces) { return line }
        }
        return Self.cut(counts.text, to: width)
    }

    private struct Piece {
        var text: String
        /// Colours take none.
        var columns: Int

        init(_ text: String, columns: Int? = nil) {
            self.text = text
            self.columns = columns ?? ProgressLayout.columns(text)
        }
    }

    private static let gap = "  "
    private static let barColumns = 20

    /// The pieces that are not empty, side by side; nil when they are too wide. A long message is cut before anything else is
    /// dropped, as long as some of it is left.
    private func fit(_ pieces: [Piece], message: Piece = Piece("")) -> String? {
        let shown = pieces.filter { !$0.text.isEmpty }
        let line = shown.map(\.text).joined(separator: Self.gap)
        let room = width - shown.reduce(0) { $0 + $1.columns } - (shown.count - 1) * Self.gap.count
        guard room >= 0, !message.text.isEmpty else { return room >= 0 ? line : nil }
        guard room - Self.gap.count >= min(8, message.columns) else { return nil }
        return line + Self.gap + Self.cut(message.text, to: room - Self.gap.count)
    }

    private func bar(_ fraction: Double) -> Piece {
        let filled = Int(Double(Self.barColumns) * fraction)
        let full = String(repeating: "#", count: filled)
        let empty = String(repeating: "-", count: Self.barColumns - filled)
        let text = usesColor ? "[\u{1B}[32m\(full)\u{1B}[0m\(empty)]" : "[\(full)\(empty)]"
        return Piece(text, columns: Self.barColumns + 2)
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
    public static func printable(_ text: String) -> String { PrintableText.of(text) }

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
