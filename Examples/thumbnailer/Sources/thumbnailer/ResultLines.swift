import Glibc
import Roost
import ThumbnailKit

/// The results on standard output: nothing but the last line, or one JSON object a picture.
///
/// A pipe that somebody holds and does not read makes the run wait, and a stop ends that wait. (A terminal that is held takes
/// part of a line and then holds the main thread, to the end of the budget.)
@MainActor
final class ResultLines {
    /// How long a pipe may stay full once a stop was asked for.
    private static let patience = Duration.milliseconds(200)

    private let isJSON: Bool
    /// A line did not get out after the stop: the pipe holds half of it, perhaps, and gets no more.
    private var isCutOff = false

    init(isJSON: Bool) {
        self.isJSON = isJSON
    }

    /// False when nobody reads any more: the run then has no purpose.
    func write(_ outcome: ThumbnailOutcome) async -> Bool {
        guard isJSON else { return true }
        var members = [("path", quoted(outcome.path.printable)), ("uri", quoted(outcome.uri))]
        switch outcome.result {
        case .made(let thumbnail):
            members += [("result", quoted("made")), ("thumbnail", quoted(thumbnail.path.printable))]
        case .fresh: members += [("result", quoted("fresh"))]
        case .failed(let error):
            members += [("result", quoted("failed")), ("reason", quoted(error.reason))]
            // Known from an entry: not tried in this run.
            if error.isRemembered { members.append(("remembered", "true")) }
        }
        return await write(line: object(members))
    }

    func write(_ problem: ThumbnailError) async -> Bool {
        await writeFailure(("path", problem.path.printable), reason: problem.reason)
    }

    /// A failure that is not a picture's.
    func write(failureOf worker: String, _ error: any Error) async -> Bool {
        await writeFailure(("worker", worker), reason: "\(error)")
    }

    private func writeFailure(_ who: (key: String, value: String), reason: String) async -> Bool {
        guard isJSON else { return true }
        return await write(
            line: object([(who.key, quoted(who.value)), ("result", quoted("failed")), ("reason", quoted(reason))]))
    }

    func writeLast(_ tally: Tally, after duration: Duration) async -> Bool {
        guard isJSON else { return await write(line: tally.line(after: duration)) }
        return await write(
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

    private func write(line: String) async -> Bool {
        // With nobody at the other end of a pipe this is an error and no signal: Roost sees to that.
        let isWritten = isCutOff ? false : await StandardStream.output.write(line: line, atTheEndWithin: Self.patience)
        if !isWritten { isCutOff = true }
        return isWritten
    }
}
