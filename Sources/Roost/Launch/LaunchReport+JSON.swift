extension LaunchReport {
    /// The report as one JSON object, readable by any tool; durations in whole nanoseconds, times from the beginning of the
    /// start.
    public var json: String {
        let value = JSONValue.object([
            "format": .string("roost-launch-1"),
            "program": .string(program),
            "mode": .string(mode.rawValue),
            "outcome": .string(outcome.rawValue),
            "totalNs": .integer(total.clampedNanoseconds),
            "stages": .array(stages.map(\.value)),
            "notices": .array(notices.map { .string($0) }),
        ])
        return value.text + "\n"
    }
}

extension LaunchReport.Stage {
    fileprivate var value: JSONValue {
        .object([
            "name": .string(name),
            "importance": .string(importance.rawValue),
            "place": .string(place.rawValue),
            "limitNs": .integer(limit.clampedNanoseconds),
            "beganNs": began.map { .integer($0.clampedNanoseconds) } ?? .null,
            "endedNs": ended.map { .integer($0.clampedNanoseconds) } ?? .null,
            "outcome": .string(outcome.kind),
            "reason": outcome.reason.map { .string($0) } ?? .null,
            "attempts": .integer(Int64(attempts)),
            "undo": undo.map { .string($0.word) } ?? .null,
        ])
    }
}

extension LaunchReport.Undo {
    fileprivate var word: String {
        switch self {
        case .done: "done"
        case .failed(let reason): "failed: \(reason)"
        case .leftToShutdown: "left to the shutdown"
        }
    }
}
