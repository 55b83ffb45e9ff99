/// Any `Codable` value as JSON (RFC 8259) and back, without Foundation: loading it would cost every process 2 ms of its start.
///
/// Members of an object stand in the order of their names' bytes, so that equal values have equal texts, dictionaries too.
/// What is read may be hostile: it is looked at whole, within the limits below, before any value is made of it, and
/// nothing in it does more than throw.
///
/// Stricter than some: a name that an object has twice is an error, whose value would be anybody's guess; so is half of a
/// surrogate pair, which is no text, and a fraction where a whole number is wanted, even `1.0`. Names are the same if their
/// bytes are: of two that are canonically equivalent a dictionary keeps the last.
package enum ReportJSON {
    /// How a text looks.
    package enum Layout: Sendable {
        /// One line without spaces.
        case compact
        /// A line for each value, indented by two spaces a level: for files that people open.
        case indented
    }

    /// How many bytes are read at most, unless somebody says otherwise. A report with all threads and frames that are kept of a
    /// backtrace, names of 300 bytes, indented, has three quarters of that.
    package static let mostBytes = 32 << 20
    /// How many names and values are read at most: what is kept of each takes more memory than `1,` does.
    package static let mostValues = 2 << 20
    /// How many objects and lists may lie in each other; a report has six. Enough for a stack of 512 KiB, in a debug build
    /// too, and a value that holds itself ends here.
    package static let mostLevels = 64
    /// How many values may be written by each other: between two lists an optional, say, and a value that wraps another.
    static let mostSteps = 3 * mostLevels
    static let tooDeep = "more than \(mostLevels) objects and lists in each other"

    /// The value as a text, without a line's end behind it. Throws what the value throws, and `EncodingError` for a number
    /// that JSON does not have or values that lie too deep in each other.
    ///
    /// What is written for a text says `text`. Names of members and what is no text of its own, such as the cases of an enumeration, stay as they are:
    /// whoever reads it would not know them again.
    package static func encode(
        _ value: some Encodable, layout: Layout = .compact, text: ((String) -> String)? = nil
    ) throws -> String {
        var json = JSONText(layout: layout, text: text)
        json.write(try JSONValueEncoder.part(of: value))
        return String(decoding: json.bytes, as: UTF8.self)
    }

    /// The same as UTF-8.
    package static func bytes(of value: some Encodable, layout: Layout = .compact) throws -> [UInt8] {
        var text = JSONText(layout: layout)
        text.write(try JSONValueEncoder.part(of: value))
        return text.bytes
    }

    /// Reads a value. Throws what the value throws, and `DecodingError` for what is no JSON or has other values in it.
    package static func decode<Value: Decodable>(
        _: Value.Type, from text: String, limit: Int = mostBytes
    ) throws -> Value {
        // Before it is copied.
        guard text.utf8.count <= limit else { throw JSONDamage(tooLarge: limit).error }
        return try decode(Value.self, valid: Array(text.utf8))
    }

    /// The same from UTF-8; other bytes are an error, too.
    package static func decode<Value: Decodable>(
        _: Value.Type, from bytes: [UInt8], limit: Int = mostBytes
    ) throws -> Value {
        guard bytes.count <= limit else { throw JSONDamage(tooLarge: limit).error }
        do throws(UTF8.ValidationError) {
            _ = try UTF8Span(validating: bytes.span)
        } catch {
            throw JSONDamage("not UTF-8", at: error.byteOffsets.lowerBound, in: bytes).error
        }
        return try decode(Value.self, valid: bytes)
    }

    private static func decode<Value: Decodable>(_: Value.Type, valid bytes: [UInt8]) throws -> Value {
        let tape: JSONTape
        do throws(JSONDamage) { tape = try JSONScanner.tape(of: bytes) } catch { throw error.error }
        return try JSONDocument(tape).value(Value.self, at: 0, path: .root)
    }

    /// What an error of encoding or decoding says, in one line that begins with where in the value it was:
    /// `threads[3].name: a number at byte 1270 instead of a text`. Any other error as it describes itself.
    package static func words(for error: any Error) -> String {
        switch error {
        case DecodingError.keyNotFound(let key, let context): words("it is not there", at: context.codingPath + [key])
        case DecodingError.typeMismatch(_, let context), DecodingError.valueNotFound(_, let context),
            DecodingError.dataCorrupted(let context):
            words(context.debugDescription, at: context.codingPath)
        case EncodingError.invalidValue(_, let context): words(context.debugDescription, at: context.codingPath)
        default: TerminalText.line("\(error)")
        }
    }

    private static func words(_ what: String, at keys: [any CodingKey]) -> String {
        let path = JSONPath.words(for: keys)
        return TerminalText.line(path.isEmpty ? what : "\(path): \(what)")
    }
}
