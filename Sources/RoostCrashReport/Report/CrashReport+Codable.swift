/// A text is not a crash report of Roost.
public struct CrashReportFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    package let message: String
    package init(message: String) { self.message = message }
    public var description: String { "not a crash report: \(message)" }
}

extension CrashReport: Codable {
    private enum Key: String, CodingKey {
        case format, program, process, end, signal, reason, threads, omittedThreads, capturedAt, backtraceProblem
    }

    private static let format = "roost-crash-1"

    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Key.self)
        guard let format = try fields.decodeIfPresent(String.self, forKey: .format), format == Self.format else {
            throw CrashReportFormatError(message: "it is of another format or version")
        }
        self.init(
            program: try fields.decode(String.self, forKey: .program),
            process: try fields.decode(Int32.self, forKey: .process),
            end: try fields.decode(ProcessEnd.self, forKey: .end),
            signal: try fields.decodeIfPresent(CrashSignal.self, forKey: .signal),
            reason: try fields.decode(CrashReason.self, forKey: .reason),
            threads: try fields.decode([CrashThread].self, forKey: .threads),
            omittedThreads: try fields.decode(Int.self, forKey: .omittedThreads),
            capturedAt: try fields.decodeIfPresent(Int64.self, forKey: .capturedAt),
            backtraceProblem: try fields.decodeIfPresent(String.self, forKey: .backtraceProblem))
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(Self.format, forKey: .format)
        try fields.encode(program, forKey: .program)
        try fields.encode(process, forKey: .process)
        try fields.encode(end, forKey: .end)
        try fields.encodeIfPresent(signal, forKey: .signal)
        try fields.encode(reason, forKey: .reason)
        try fields.encode(threads, forKey: .threads)
        try fields.encode(omittedThreads, forKey: .omittedThreads)
        try fields.encodeIfPresent(capturedAt, forKey: .capturedAt)
        try fields.encodeIfPresent(backtraceProblem, forKey: .backtraceProblem)
    }
}
