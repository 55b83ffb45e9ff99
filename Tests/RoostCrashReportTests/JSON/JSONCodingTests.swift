import RoostCrashReport
import Testing

/// What a type may do with an encoder and a decoder.
@Suite struct JSONCodingTests {
    private enum Key: String, CodingKey {
        case a
        case b
        case c
        case list
        case inner
        case missing
    }

    private func words<Value: Decodable>(_: Value.Type, _ text: String) -> String {
        do { return "\(try ReportJSON.decode(Value.self, from: text))" } catch { return ReportJSON.words(for: error) }
    }

    private func words(_ value: some Encodable) -> String {
        do { return try ReportJSON.encode(value) } catch { return ReportJSON.words(for: error) }
    }

    // MARK: Containers

    /// Fills containers side by side and not in order.
    private struct Interleaved: Codable, Equatable {
        var list: [Int]
        var inner: [String: String]

        init(list: [Int], inner: [String: String]) { (self.list, self.inner) = (list, inner) }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            var numbers = try fields.nestedUnkeyedContainer(forKey: .list)
            list = []
            #expect(numbers.count == 3)
            list.append(try numbers.decode(Int.self))
            let nested = try numbers.nestedContainer(keyedBy: Key.self)
            list.append(try nested.decode(Int.self, forKey: .a))
            var deeper = try numbers.nestedUnkeyedContainer()
            #expect(numbers.isAtEnd && numbers.currentIndex == 3 && !deeper.isAtEnd)
            list.append(try deeper.decode(Int.self))
            #expect(try deeper.decodeNil() && deeper.decodeIfPresent(Int.self) == nil && deeper.isAtEnd)
            let named = try fields.nestedContainer(keyedBy: Key.self, forKey: .inner)
            inner = [:]
            for key in named.allKeys { inner[key.rawValue] = try named.decode(String.self, forKey: key) }
            #expect(named.codingPath.map(\.stringValue) == ["inner"])
            #expect(deeper.codingPath.map(\.stringValue) == ["list", "Index 2"] && nested.codingPath[1].intValue == 1)
        }

        func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Key.self)
            var numbers = fields.nestedUnkeyedContainer(forKey: .list)
            var named = fields.nestedContainer(keyedBy: Key.self, forKey: .inner)
            try numbers.encode(list[0])
            try named.encode(inner["b"], forKey: .b)
            var nested = numbers.nestedContainer(keyedBy: Key.self)
            var deeper = numbers.nestedUnkeyedContainer()
            try deeper.encode(list[2])
            try deeper.encodeNil()
            try deeper.encodeNil()
            try nested.encode(list[1], forKey: .a)
            try named.encode(inner["a"], forKey: .a)
            #expect(numbers.count == 3 && deeper.count == 3)
            #expect(deeper.codingPath.map(\.stringValue) == ["list", "Index 2"] && named.codingPath.count == 1)
        }
    }

    @Test func containersMayBeFilledSideBySide() throws {
        let value = Interleaved(list: [1, 2, 3], inner: ["a": "x", "b": "y"])
        let text = try ReportJSON.encode(value)
        #expect(text == #"{"inner":{"a":"x","b":"y"},"list":[1,{"a":2},[3,null,null]]}"#)
        #expect(try ReportJSON.decode(Interleaved.self, from: text) == value)
    }

    private class Animal: Codable {
        let name: String
        init(name: String) { self.name = name }
    }

    private final class Bird: Animal {
        let wings: Int
        init(name: String, wings: Int) {
            self.wings = wings
            super.init(name: name)
        }

        required init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: Key.self)
            wings = try fields.decode(Int.self, forKey: .a)
            try super.init(from: fields.superDecoder())
        }

        override func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Key.self)
            try super.encode(to: fields.superEncoder())
            try fields.encode(wings, forKey: .a)
        }
    }

    @Test func aSuperclassHasItsPlace() throws {
        let text = try ReportJSON.encode([Bird(name: "swift", wings: 2)])
        #expect(text == #"[{"a":2,"super":{"name":"swift"}}]"#)
        let back = try ReportJSON.decode([Bird].self, from: text)
        #expect(back.map(\.name) == ["swift"] && back.map(\.wings) == [2])
        #expect(words([Bird].self, #"[{"a":2}]"#) == "[0].super: it is not there")
        #expect(
            words([Bird].self, #"[{"a":2,"super":{"name":1}}]"#)
                == "[0].super.name: a number at byte 24 instead of a text")
    }

    @Test func enumsAndDictionariesLookAsUsual() throws {
        #expect(words([Mixed.Choice.plain, .number(1)]) == #"[{"plain":{}},{"number":{"_0":1}}]"#)
        #expect(words(Mixed.Choice.named(text: "x", flag: nil)) == #"{"named":{"text":"x"}}"#)
        #expect(words([10: "x", 9: "y"]) == #"{"10":"x","9":"y"}"# && words([true: 1]) == "[true,1]")
        #expect(words([Mixed.Word.two: 1]) == #"{"two":1}"# && words(["b": 1, "a": nil]) == #"{"a":null,"b":1}"#)
        #expect(words([Int: Int].self, #"{"x":1}"#).contains("Int"))
    }

    /// What throws while it is encoded leaves nothing behind, and the rest goes on.
    @Test func aMemberThatFailsMayBeLeftOut() throws {
        struct Careless: Encodable {
            func encode(to encoder: any Encoder) throws {
                var fields = encoder.container(keyedBy: Key.self)
                try? fields.encode([1, .nan], forKey: .a)
                try fields.encode(1, forKey: .b)
                try fields.encode("first", forKey: .c)
                try fields.encode("second", forKey: .c)
                var list = fields.nestedUnkeyedContainer(forKey: .list)
                try? list.encode(Double.infinity)
                try list.encode(2)
            }
        }
        #expect(words(Careless()) == #"{"b":1,"c":"second","list":[2]}"#)
    }

    /// A list that skips what it cannot read tries again, at the same element.
    @Test func anElementThatFailsMayBeReadAsAnotherType() throws {
        struct Patient: Decodable {
            var found: [String] = []
            init(from decoder: any Decoder) throws {
                var list = try decoder.unkeyedContainer()
                while !list.isAtEnd {
                    if let number = try? list.decode(Int.self) {
                        found.append("\(number)")
                    } else if let text = try? list.decode(String.self) {
                        found.append(text)
                    } else {
                        _ = try list.superDecoder()
                    }
                }
                #expect(throws: DecodingError.self) { try list.decode(Int.self) }
                #expect(throws: DecodingError.self) { try list.superDecoder() }
            }
        }
        #expect(try ReportJSON.decode(Patient.self, from: #"["a",1,[2],null,"b"]"#).found == ["a", "1", "b"])
    }

    // MARK: Errors

    @Test func errorsSayWhereAndWhat() throws {
        let report = CrashReport(try Sample.named("sleepers", .debug).evidence).json
        #expect(
            words(CrashReport.self, report.replacing(#""isCrashed":true"#, with: #""isCrashed":1"#))
                .hasPrefix("threads[0].isCrashed: a number at byte "))
        #expect(
            words([String: [Int]].self, #"{"a":[1,2],"b":[3,"x"]}"#) == "b[1]: a text at byte 18 instead of a number")
        #expect(words([Int].self, "[1,null]") == "[1]: null at byte 3 instead of a number")
        #expect(words([Int].self, "{}") == "an object at byte 0 instead of a list")
        #expect(words([String: Int].self, "[]") == "a list at byte 0 instead of an object")
        #expect(words(Bool.self, "0") == "a number at byte 0 instead of true or false")
        #expect(words(String.self, "true") == "true at byte 0 instead of a text")
        #expect(words([Int8].self, "[127,-128,128]") == "[2]: 128 at byte 10 does not fit Int8")
        #expect(words(UInt.self, "-1") == "-1 at byte 0 does not fit UInt" && words(UInt.self, "-0") == "0")
        #expect(words(Int.self, "1.0") == "1.0 at byte 0 does not fit Int")
        #expect(words(Double.self, "-1e999") == "-1e999 at byte 0 does not fit Double")
        #expect(
            words(Float.self, "1e39") == "1e39 at byte 0 does not fit Float"
                && words(Float.self, "16777217") == "16777216.0")
        #expect(
            words(Int.self, String(repeating: "9", count: 999)).hasPrefix("99999999999999999999999999999999… at byte 0")
        )
        #expect(throws: DecodingError.self) { try ReportJSON.decode(CrashSignal.self, from: "{}") }
        #expect(words(CrashSignal.self, "{}") == "number: it is not there")
        #expect(throws: CrashReportFormatError(message: "no ':' at byte 5, line 1")) {
            try CrashReport(json: #"{"a" 1}"#)
        }
        // A name out of a text does not spoil a line.
        #expect(words([String: Int].self, #"{"a\n\u001b[1mb":"x"}"#).hasPrefix("a\u{FFFD}\u{FFFD}[1mb: a text"))
    }

    @Test func whatJSONCannotHoldIsAnError() {
        #expect(words(["a": [1, Double.nan]]) == "a[1]: JSON has no number nan")
        #expect(words([Float.infinity]) == "[0]: JSON has no number inf")
        #expect(words(-Double.infinity) == "JSON has no number -inf")
        struct Twice: Encodable {
            func encode(to encoder: any Encoder) throws {
                var fields = encoder.container(keyedBy: Key.self)
                try fields.encode(1, forKey: .a)
                var list = encoder.unkeyedContainer()
                try list.encode(1)
            }
        }
        #expect(words(["x": Twice()]) == "x: it writes more than one value")
    }
}
