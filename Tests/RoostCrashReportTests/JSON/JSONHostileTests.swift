import Foundation
import RoostCrashReport
import Testing

/// A store of reports lies in a folder that anybody may have written to: no file may end the program that reads it.
@Suite struct JSONHostileTests {
    private func words<Value: Decodable>(_: Value.Type, _ text: String) -> String {
        do { return "\(try ReportJSON.decode(Value.self, from: text))" } catch { return ReportJSON.words(for: error) }
    }

    /// What is accepted here is accepted by Foundation, too, with the same value. Foundation alone accepts names twice, and a
    /// comma behind the last value.
    @Test func damageIsSeenAndNeverTraps() throws {
        var random = SeededGenerator(test: "damageIsSeenAndNeverTraps")
        let pieces = [
            "\"", "\\", "\\u", "\\ud83d", "{", "}", "[", "]", ",", ":", "-", "0", ".", "e", "1e999", "null", " ", "\n",
        ]
        var (accepted, refused) = (0, 0)
        for _ in 0..<2_000 {
            let layout: ReportJSON.Layout = random.next(2) == 0 ? .compact : .indented
            let text = try ReportJSON.encode(AnyJSON.random(&random), layout: layout)
            // A dictionary keeps one of two names that are canonically equivalent, and not always the same one.
            var bytes = Array(String(String.UnicodeScalarView(text.unicodeScalars.filter { $0 != "\u{301}" })).utf8)
            for _ in 0..<random.next(4) where !bytes.isEmpty {
                let place = random.next(bytes.count)
                switch random.next(5) {
                case 0: bytes[place] = UInt8(random.next(256))
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: Array(pieces[random.next(pieces.count)].utf8), at: place)
                case 3: bytes.removeLast(random.next(min(bytes.count, 8)))
                default: bytes.swapAt(place, random.next(bytes.count))
                }
            }
            // Foundation would take zeros at the beginning for UTF-16.
            if bytes.isEmpty || bytes.prefix(4).contains(0) { continue }
            let theirs = try? JSONDecoder().decode(AnyJSON.self, from: Data(bytes))
            do {
                let ours = try ReportJSON.decode(AnyJSON.self, from: bytes)
                accepted += 1
                #expect(theirs.map { $0.isSame(as: ours) } == true, "\(String(decoding: bytes, as: UTF8.self))")
            } catch {
                refused += 1
                let words = ReportJSON.words(for: error)
                #expect(theirs == nil || isOurRule(words, bytes), "\(words): \(String(decoding: bytes, as: UTF8.self))")
            }
        }
        #expect(accepted > 200 && refused > 200)
    }

    private func isOurRule(_ words: String, _ bytes: [UInt8]) -> Bool {
        if words.hasPrefix("a name that the object has already") { return true }
        guard let match = words.wholeMatch(of: /no (?:value|name) at byte (\d+), line \d+/), let place = Int(match.1)
        else {
            return false
        }
        return [UInt8(ascii: "]"), UInt8(ascii: "}")].contains(bytes[place])
    }

    /// The types of a report, with their own rules, get damaged values.
    @Test func damagedReportsNeverTrap() throws {
        var random = SeededGenerator(test: "damagedReportsNeverTrap")
        let original = Array(CrashReport(try Sample.named("sleepers", .debug).evidence).json.utf8)
        let values = ["null", "-1", "1e9", "99999999999999999999", "\"\"", "[]", "{}", "true", "9223372036854775807"]
        var read = 0
        for _ in 0..<400 {
            var bytes = original
            for _ in 0...random.next(3) {
                let place = random.next(bytes.count)
                if random.next(2) == 0 {
                    bytes[place] = UInt8(random.next(256))
                } else if let colon = bytes[place...].firstIndex(of: UInt8(ascii: ":")),
                    let end = bytes[colon...].firstIndex(of: UInt8(ascii: ","))
                {
                    bytes.replaceSubrange(colon + 1..<end, with: Array(values[random.next(values.count)].utf8))
                }
            }
            if let report = try? ReportJSON.decode(CrashReport.self, from: bytes) {
                read += 1
                #expect(report.description.split(separator: "\n").count < 100)
            }
        }
        #expect(read > 0 && read < 400)
    }

    @Test func everyBeginningIsRefused() throws {
        let bytes = try ReportJSON.bytes(of: Mixed.Choice.inner([.named(text: "é\n", flag: true), .number(-12)]))
        for length in 0..<bytes.count {
            #expect(throws: DecodingError.self) {
                try ReportJSON.decode(Mixed.Choice.self, from: Array(bytes[..<length]))
            }
        }
    }

    // MARK: Depth

    @Test func depthHasALimitHereAndThere() throws {
        let most = ReportJSON.mostLevels
        func nested(_ levels: Int) -> String {
            String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
        }
        #expect(words(AnyJSON.self, nested(most)).hasPrefix("list("))
        #expect(
            words(AnyJSON.self, nested(most + 1))
                == "more than \(most) objects and lists in each other at byte \(most), line 1")
        for open in ["[", #"{"a":"#, #"[{"a":"#, "[[],"] {
            let text = String(repeating: open, count: 1_000_000)
            #expect(words(AnyJSON.self, text).hasPrefix("more than \(most) objects and lists in each other"))
        }
    }

    /// As deep as it goes, on a thread with a small stack.
    @Test func theLimitFitsASmallStack() async throws {
        let most = ReportJSON.mostLevels
        let text =
            String(repeating: #"[{"a":"#, count: most / 2) + "1" + String(repeating: "}]", count: most / 2)
        let back = await withCheckedContinuation { continuation in
            let thread = Thread {
                let value = try? ReportJSON.decode(AnyJSON.self, from: text)
                continuation.resume(returning: value.flatMap { try? ReportJSON.encode($0) })
            }
            thread.stackSize = 512 << 10
            thread.start()
        }
        #expect(back == text)
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    @Test func aValueThatHoldsItselfIsRefused() {
        final class Ring: Encodable {
            var next: Ring?
        }
        let ring = Ring()
        ring.next = ring
        defer { ring.next = nil }
        #expect {
            try ReportJSON.encode(ring)
        } throws: { error in
            let words = ReportJSON.words(for: error)
            return error is EncodingError && words.hasPrefix("next.next.") && words.contains(" … ")
                && words.hasSuffix("more than \(ReportJSON.mostLevels) objects and lists in each other")
        }
        /// Holds itself, and has neither members nor elements.
        final class Wrapper: Encodable {
            func encode(to encoder: any Encoder) throws {
                var field = encoder.singleValueContainer()
                try field.encode(self)
            }
        }
        #expect(throws: EncodingError.self) { try ReportJSON.encode([Wrapper()]) }
        /// Deeper than that without a value of its own for each level.
        struct Stairs: Encodable {
            func encode(to encoder: any Encoder) throws {
                var list = encoder.unkeyedContainer()
                for _ in 0..<1_000_000 { list = list.nestedUnkeyedContainer() }
            }
        }
        #expect(throws: EncodingError.self) { try ReportJSON.encode(Stairs()) }
    }

    // MARK: Size

    @Test func sizeHasALimit() throws {
        #expect(try ReportJSON.decode([Int].self, from: "[1]", limit: 3) == [1])
        #expect(throws: DecodingError.self) { try ReportJSON.decode([Int].self, from: "[1]", limit: 2) }
        #expect(throws: DecodingError.self) { try ReportJSON.decode([Int].self, from: Array("[1]".utf8), limit: 2) }
        let text = "[" + String(repeating: "1,", count: ReportJSON.mostValues) + "1]"
        #expect(words([Int].self, text).hasPrefix("more than \(ReportJSON.mostValues) values at byte "))
        // The largest report there can be is far from it.
        let frame = CrashFrame(
            address: .init(rawValue: .max), symbol: String(repeating: "é", count: 150), offset: .max,
            image: String(repeating: "i", count: 40), file: String(repeating: "/folder", count: 20), line: 1, column: 1)
        let frames = [CrashFrame](repeating: frame, count: CrashThread.mostFrames)
        let bytes = try ReportJSON.bytes(of: CrashThread(frames: frames), layout: .indented)
        #expect(bytes.count * BacktraceDocument.mostThreads < ReportJSON.mostBytes)
        // A frame has eleven members: so many names and values, and itself.
        #expect(BacktraceDocument.mostThreads * CrashThread.mostFrames * 23 < ReportJSON.mostValues / 2)
    }

    /// Names in the order of the text, from behind, and not there at all: looking for one must not take longer the more there are.
    @Test(.timeLimit(.minutes(1))) func manyMembersTakeTheirTimeOnce() throws {
        struct Backwards: Decodable {
            var sum = 0
            init(from decoder: any Decoder) throws {
                let members = try decoder.container(keyedBy: AnyKey.self)
                for key in members.allKeys.reversed() {
                    sum += try members.decode(Int.self, forKey: key)
                    #expect(!members.contains(AnyKey(stringValue: key.stringValue + "x")))
                }
            }
        }
        let count = 50_000
        let names = (0..<count).map { $0 % 2 == 0 ? "n\($0)" : "\\u006e\($0)" }
        let text = "{" + names.map { "\"\($0)\":1" }.joined(separator: ",") + "}"
        #expect(try ReportJSON.decode(Backwards.self, from: text).sum == count)
        #expect(try ReportJSON.decode([String: Int].self, from: text).count == count)
        let twice = text.dropLast() + #","n37777":1}"#
        #expect(words([String: Int].self, String(twice)).hasPrefix("a name that the object has already at byte "))
    }

    @Test(.timeLimit(.minutes(1))) func longNumbersAndTextsTakeTheirTimeOnce() throws {
        let count = 1 << 18
        #expect(
            try ReportJSON.decode(Double.self, from: "0." + String(repeating: "3", count: count)) == 0.3333333333333333)
        #expect(words(Double.self, String(repeating: "3", count: count)).hasSuffix("does not fit Double"))
        #expect(try ReportJSON.decode(Double.self, from: "1e-" + String(repeating: "9", count: count)) == 0)
        #expect(words(Double.self, "1e" + String(repeating: "9", count: count)).hasSuffix("does not fit Double"))
        #expect(words(Int.self, "1" + String(repeating: "0", count: count)).hasSuffix("does not fit Int"))
        let text = try ReportJSON.decode(String.self, from: "\"" + String(repeating: "\\u00e9\\n", count: count) + "\"")
        #expect(text.utf8.count == 3 * count)
        // A list that is tried as one type and another, at each of its elements.
        let list = "[" + String(repeating: "\"a\",", count: 50_000) + "1]"
        #expect(try ReportJSON.decode(AnyJSON.self, from: list) != .null)
    }
}
