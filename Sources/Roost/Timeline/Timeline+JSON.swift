extension Timeline {
    /// The timeline as one JSON object, readable by any tool; durations in whole nanoseconds.
    public var json: String {
        let limit = limit.map { limit -> JSONValue in
            .object(["name": .string(limit.name), "timeNs": .integer(limit.time.clampedNanoseconds)])
        }
        let value: JSONValue = .object([
            "format": .string(Self.format),
            "title": .string(title),
            "totalNs": .integer(total.clampedNanoseconds),
            "limit": limit ?? .null,
            "bars": .array(bars.map(\.json)),
        ])
        return value.text + "\n"
    }

    private static let format = "roost-timeline-1"

    /// Reads what ``json`` wrote. Throws ``TimelineFormatError``, which says where the text is not a timeline.
    public init(json: String) throws(TimelineFormatError) {
        let fields: TimelineFields
        do {
            fields = TimelineFields(value: try JSONParser.parse(json), place: "")
        } catch {
            throw TimelineFormatError(message: "\(error.message) at byte \(error.offset)")
        }
        guard try fields.string("format") == Self.format else {
            throw TimelineFormatError(message: "it is of another format or version")
        }
        var limit: Limit?
        if let held = fields.member("limit") {
            limit = Limit(try held.string("name"), at: try held.duration("timeNs"))
        }
        guard let values = fields.value["bars"].array else { throw TimelineFormatError(message: "no list 'bars'") }
        var bars: [Bar] = []
        for (index, value) in values.enumerated() {
            bars.append(try Bar(fields: TimelineFields(value: value, place: " in bar \(index)"), of: values.count))
        }
        self.init(try fields.string("title"), total: try fields.duration("totalNs"), limit: limit, bars: bars)
    }
}

/// A text is not a timeline of Roost.
public struct TimelineFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    let message: String
    public var description: String { "not a timeline: \(message)" }
}

extension Timeline.Bar {
    fileprivate var json: JSONValue {
        .object([
            "lane": .string(lane.rawValue), "name": .string(name), "detail": .string(detail),
            "beginNs": .integer(begin.clampedNanoseconds), "endNs": .integer(end.clampedNanoseconds),
            "limitNs": limit.map { .integer($0.clampedNanoseconds) } ?? .null, "isLate": .bool(isLate),
            "waitsFor": waitsFor.map { .array($0.map { .integer(Int64($0)) }) } ?? .null,
        ])
    }

    fileprivate init(fields: TimelineFields, of count: Int) throws(TimelineFormatError) {
        let word = try fields.string("lane")
        guard let lane = Timeline.Lane(rawValue: word) else {
            throw fields.error("no lane is called '\(PrintableText.short(word, limit: 40))'")
        }
        guard case .bool(let isLate) = fields.value["isLate"] else { throw fields.error("no true or false 'isLate'") }
        let waitsFor = try fields.waits(of: count)
        let begin = try fields.duration("beginNs")
        let end = try fields.duration("endNs")
        guard begin <= end else { throw fields.error("it ends before it begins") }
        self.init(
            lane, try fields.string("name"), detail: try fields.string("detail"), begin: begin, end: end,
            limit: fields.value["limitNs"] == .null ? nil : try fields.duration("limitNs"), isLate: isLate,
            waitsFor: waitsFor)
    }
}

/// Reads the members of an object, naming the one that is missing and where.
private struct TimelineFields {
    let value: JSONValue
    let place: String

    func error(_ message: String) -> TimelineFormatError { TimelineFormatError(message: message + place) }

    func string(_ key: String) throws(TimelineFormatError) -> String {
        guard let string = value[key].string else { throw error("no text '\(key)'") }
        return string
    }

    func duration(_ key: String) throws(TimelineFormatError) -> Duration {
        guard let integer = value[key].integer, integer >= 0 else {
            throw error("no number of nanoseconds '\(key)'")
        }
        return .nanoseconds(integer)
    }

    func waits(of count: Int) throws(TimelineFormatError) -> [Int]? {
        guard value["waitsFor"] != .null else { return nil }
        guard let waits = value["waitsFor"].array else { throw error("no list 'waitsFor'") }
        var indices: [Int] = []
        for wait in waits {
            guard let index = wait.integer, index >= 0, index < count else {
                throw error("it waits for a bar that is not there")
            }
            indices.append(Int(index))
        }
        return indices
    }

    func member(_ key: String) -> TimelineFields? {
        value[key] == .null ? nil : TimelineFields(value: value[key], place: " in '\(key)'")
    }
}
