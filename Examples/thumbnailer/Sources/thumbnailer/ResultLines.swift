import Glibc
import ThumbnailKit

/// The results on standard output: nothing but the last line, or one JSON object a picture.
struct ResultLines {
    let isJSON: Bool

    /// False when nobody reads any more: the run then has no purpose.
    func write(_ outcome: ThumbnailOutcome) -> Bool {
        guard isJSON else { return true }
        var members = [("path", outcome.path.printable), ("uri", outcome.uri)]
        switch outcome.result {
        case .made(let thumbnail): members += [("result", "made"), ("thumbnail", thumbnail.path.printable)]
        case .fresh: members += [("result", "fresh")]
        case .failed(let error): members += [("result", "failed"), ("reason", error.reason)]
        }
        return write(line: object(members.map { ($0.0, quoted($0.1)) }))
    }

    func write(_ problem: ThumbnailError) -> Bool {
        guard isJSON else { return true }
        return write(
            line: object([
                ("path", quoted(problem.path.printable)), ("result", quoted("failed")),
                ("reason", quoted(problem.reason)),
            ]))
    }

    func writeLast(_ tally: Tally, after duration: Duration) -> Bool {
        guard isJSON else { return write(line: tally.line(after: duration)) }
        return write(
            line: object([
                ("made", "\(tally.made)"), ("fresh", "\(tally.fresh)"), ("failed", "\(tally.failed)"),
                ("seconds", Tally.oneDecimal(Tally.seconds(duration))),
            ]))
    }

    private func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(quoted($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    private func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }

    private func write(line: String) -> Bool {
        // With nobody at the other end of a pipe this is an error and no signal: Roost sees to that.
        StandardStream.output.write(line: line)
    }
}
