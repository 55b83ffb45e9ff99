/// Text of others, fit to stand in a line of a report: what a crashed program printed, names of threads and files.
package enum TerminalText {
    // Roost has the like in its core, which this module must not import.
    /// Without anything that ends the line, moves the cursor or turns the direction, and at most so many characters.
    package static func line(_ text: String, limit: Int = 400) -> String {
        var result = ""
        var left = limit
        for scalar in text.unicodeScalars {
            guard left > 0 else { return result + "…" }
            left -= 1
            switch scalar.properties.generalCategory {
            case .control, .format, .surrogate, .privateUse, .lineSeparator, .paragraphSeparator:
                result.append("\u{FFFD}")
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
