/// Text for a picture: names of others can hold anything, and a picture has only so much room.
enum SVGText {
    /// With everything escaped that XML reads as its own, and without what no XML document may hold.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            // XML 1.0, production Char: of what has no printable form these may not even be escaped.
            case "\u{FFFE}", "\u{FFFF}": result += "\u{FFFD}"
            case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": result += "\u{FFFD}"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// On one line and at most so many columns wide, as far as that can be told without the font: what is too much is left
    /// out in the middle, since the end of a name tells as much as its beginning. Not escaped.
    static func fitted(_ text: String, columns: Int) -> String {
        // Letters with hundreds of accents are cut as well.
        let text = PrintableText.of(bounded(text, to: 8 * columns))
        guard width(text) > columns else { return text }
        let front = taken(Array(text), columns: (columns - 1) / 2)
        let back = taken(Array(text.reversed()), columns: columns - 1 - (columns - 1) / 2)
        return String(front) + "…" + String(back.reversed())
    }

    /// Not counted whole: it may be very long.
    private static func bounded(_ text: String, to limit: Int) -> String {
        let scalars = text.unicodeScalars
        guard scalars.prefix(limit + 1).count > limit else { return text }
        let half = limit / 2
        return String(scalars.prefix(half)) + "…" + String(scalars.suffix(half))
    }

    private static func taken(_ characters: [Character], columns: Int) -> [Character] {
        var left = columns
        return Array(
            characters.prefix { character in
                left -= width(character)
                return left >= 0
            })
    }

    static func width(_ text: String) -> Int {
        text.reduce(0) { $0 + width($1) }
    }

    /// Two for the scripts of East Asia and for pictures; a letter counts one, with one more for every few accents.
    private static func width(_ character: Character) -> Int {
        let scalars = character.unicodeScalars
        guard let first = scalars.first else { return 0 }
        let isWide =
            (0x1100...0x115F).contains(first.value) || (0x2E80...0xA4CF).contains(first.value)
            || (0xAC00...0xD7A3).contains(first.value) || (0xF900...0xFAFF).contains(first.value)
            || (0xFE30...0xFE6F).contains(first.value) || (0xFF00...0xFF60).contains(first.value)
            || first.value >= 0x1F000
        return (isWide ? 2 : 1) + (scalars.count - 1) / 4
    }
}
