/// Text of others, a worker's name for instance, fit to stand in a line of ours: names of files can hold anything.
package enum PrintableText {
    /// Without anything that ends the line, moves the cursor or turns the direction.
    package static func of(_ text: String) -> String {
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

    /// The same, at most so many characters long: what is too much is left out in the middle.
    package static func short(_ text: String, limit: Int) -> String {
        // Not counted whole: it may be very long.
        let beginning = text.prefix(limit + 1)
        guard beginning.count > limit else { return of(String(beginning)) }
        return of(String(beginning.prefix(limit / 2))) + "…" + of(String(text.suffix(limit - limit / 2 - 1)))
    }
}
