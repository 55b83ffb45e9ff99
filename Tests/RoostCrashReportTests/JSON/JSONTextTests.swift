import RoostCrashReport
import Testing

/// Which texts are JSON, and what they say.
@Suite struct JSONTextTests {
    private func read(_ text: String) throws -> AnyJSON { try ReportJSON.decode(AnyJSON.self, from: text) }

    private func words(_ text: String) -> String {
        do { return "\(try read(text))" } catch { return ReportJSON.words(for: error) }
    }

    private func words(_ bytes: [UInt8]) -> String {
        do { return "\(try ReportJSON.decode(AnyJSON.self, from: bytes))" } catch {
            return ReportJSON.words(for: error)
        }
    }

    private static let accepted: [(String, AnyJSON)] = [
        ("null", .null), ("true", .bool(true)), ("false", .bool(false)), (" \t\r\n0 \t\r\n", .signed(0)),
        ("-0", .signed(0)), ("-1", .signed(-1)), ("123", .signed(123)), ("9223372036854775807", .signed(.max)),
        ("-9223372036854775808", .signed(.min)), ("9223372036854775808", .unsigned(1 << 63)),
        ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .double(18_446_744_073_709_551_616)),
        ("-9223372036854775809", .double(-9_223_372_036_854_775_808)), ("1.0", .double(1)), ("-0.0", .double(-0.0)),
        ("0.5", .double(0.5)), ("1e3", .double(1_000)), ("1E+3", .double(1_000)), ("125e-2", .double(1.25)),
        ("1e-05", .double(0.00001)), ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        ("1e-999", .double(0)), ("0e999", .double(0)), ("0.000000000000000000000000000000000001", .double(1e-36)),
        (#""""#, .text("")), (#""a""#, .text("a")), (#""\"\\\/\b\f\n\r\t""#, .text("\"\\/\u{8}\u{C}\n\r\t")),
        (#""\u0000\u001f\u00e9\u00E9""#, .text("\u{0}\u{1F}éé")), (#""\ud83d\ude00\uD83D\uDE00""#, .text("😀😀")),
        (#""\ud800\udc00\udbff\udfff""#, .text("\u{10000}\u{10FFFF}")),
        (#""\uffff\ufdd0""#, .text(String(decoding: [0xFFFF, 0xFDD0], as: UTF16.self))),
        (#""\\u0041\u005c""#, .text("\\u0041\\")), ("\"\u{7F}\u{85}\u{2028}é😀\"", .text("\u{7F}\u{85}\u{2028}é😀")),
        ("[]", .list([])), ("[ ]", .list([])), ("[[],[[]]]", .list([.list([]), .list([.list([])])])),
        ("[1 , null\n,\"a\"]", .list([.signed(1), .null, .text("a")])), ("{}", .object([:])), ("{ }", .object([:])),
        (#"{"a":1,"b":{"a":2}}"#, .object(["a": .signed(1), "b": .object(["a": .signed(2)])])),
        (#"{"":{},"\"":[],"\u0061":0}"#, .object(["": .object([:]), "\"": .list([]), "a": .signed(0)])),
        // Names are bytes: canonically equivalent ones are two.
        ("[{\"é\":1},{\"e\u{301}\":1}]", .list([.object(["é": .signed(1)]), .object(["é": .signed(1)])])),
    ]

    @Test(arguments: accepted) func whatIsJSONIsRead(text: String, value: AnyJSON) throws {
        let read = try read(text)
        #expect(read == value)
        #expect(try ReportJSON.decode(AnyJSON.self, from: Array(text.utf8)) == value)
        // As JSON for people, too.
        #expect(try self.read(ReportJSON.encode(value, layout: .indented)) == value)
    }

    private static let refused: [(String, String)] = [
        ("", "no value at the end, line 1"), ("  \n", "no value at the end, line 2"),
        ("nul", "no value at byte 0, line 1"),
        ("nulll", "more behind the value at byte 4, line 1"), ("True", "no value at byte 0"), ("NaN", "no value"),
        ("Infinity", "no value"), ("-Infinity", "no digit at byte 1"), ("undefined", "no value"), ("'a'", "no value"),
        ("\u{FEFF}1", "no value at byte 0"), ("\u{A0}1", "no value"), ("\u{B}1", "no value"), ("\u{0}", "no value"),
        ("1 2", "more behind the value at byte 2"), ("{}}", "more behind the value"), ("[]]", "more behind the value"),
        ("1,", "more behind the value"), ("//", "no value"), ("[1]/**/", "more behind the value"), (",", "no value"),
        // Numbers.
        ("-", "no digit at the end"), ("+1", "no value"), ("--1", "no digit"), ("01", "a number that begins with 0"),
        ("-01", "a number that begins with 0"), ("00", "a number that begins with 0"), ("1.", "no digit at the end"),
        (".5", "no value"), ("-.5", "no digit"), ("1.e1", "no digit"), ("1e", "no digit"), ("1e+", "no digit"),
        ("1e1.5", "more behind"), ("1e1e1", "more behind"), ("0x10", "more behind"), ("1_000", "more behind"),
        ("1٣", "more behind"), ("٣", "no value"),
        // Lists.
        ("[", "no value at the end"), ("[1", "no ',' or ']' at the end"), ("[1,", "no value at the end"),
        ("[1,]", "no value at byte 3"), ("[,1]", "no value at byte 1"), ("[,]", "no value"), ("[1,,2]", "no value"),
        ("[1 2]", "no ',' or ']' at byte 3"), ("[1}", "no ',' or ']'"),
        ("[\n1\n:2]", "no ',' or ']' at byte 4, line 3"),
        ("]", "no value at byte 0"),
        // Objects.
        ("{", "no name at the end"), (#"{"a""#, "no ':' at the end"), (#"{"a":"#, "no value at the end"),
        (#"{"a":1"#, "no ',' or '}' at the end"), (#"{"a":1,}"#, "no name at byte 7"), (#"{,"a":1}"#, "no name"),
        (#"{"a" 1}"#, "no ':'"), (#"{"a"}"#, "no ':'"), (#"{a:1}"#, "no name"), (#"{1:1}"#, "no name"),
        (#"{null:1}"#, "no name"), (#"{'a':1}"#, "no name"), (#"{"a":1 "b":2}"#, "no ',' or '}'"),
        (#"{"a"::1}"#, "no value"),
        (#"{"a":1]"#, "no ',' or '}'"), (#"{"a":1,,"b":2}"#, "no name"), (#"{"a","b"}"#, "no ':'"),
        (#"{"a":1,"b":2,"a":3}"#, "a name that the object has already at byte 13"),
        (#"{"a":{"b":1,"\u0062":2}}"#, "a name that the object has already at byte 12"),
        // Texts.
        (#"""#, "no end of a text at the end"), (#""a"#, "no end of a text"), (#""\"#, "no such escape at the end"),
        (#""\""#, "no end of a text"), (#""\a""#, "no such escape"), (#""\'""#, "no such escape"),
        (#""\U0041""#, "no such escape"),
        (#""\x41""#, "no such escape"), (#""\0""#, "no such escape"), (#""\u""#, "no hexadecimal digit"),
        (#""\u004""#, "no hexadecimal digit"), (#""\u00g0""#, "no hexadecimal digit"),
        (#""\u+041""#, "no hexadecimal digit"),
        (#""\u٣041""#, "no hexadecimal digit"), (#""\ud800""#, "half of a surrogate pair at byte 1"),
        (#""\udc00""#, "half of a surrogate pair"), (#""\ud800\u0041""#, "half of a surrogate pair"),
        (#""\ud800\ud800""#, "half of a surrogate pair"), (#""\ud800x""#, "half of a surrogate pair"),
        (#""\udc00\ud800""#, "half of a surrogate pair"), ("\"\n\"", "a control character in a text at byte 1"),
        ("\"\t\"", "a control character"), ("\"a\u{0}\"", "a control character"), ("\"\u{1F}\"", "a control character"),
        ("{\"a\n\":1}", "a control character"),
    ]

    @Test(arguments: refused) func whatIsNoJSONIsRefusedWithItsPlace(text: String, message: String) {
        #expect(words(text).hasPrefix(message), "\(words(text))")
        #expect(words(Array(text.utf8)) == words(text))
        #expect(throws: DecodingError.self) { try read(text) }
    }

    @Test(
        arguments: [
            ([0x22, 0x61, 0x80, 0x22], 2), ([0x22, 0xC0, 0x80, 0x22], 1), ([0x22, 0xED, 0xA0, 0x80, 0x22], 1),
            ([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1), ([0x22, 0xE2, 0x82], 1), ([0xFF], 0),
            ([0xFE, 0xFF, 0x00, 0x31], 0),
            ([0x31, 0x20, 0x20, 0xC3], 3), ([0x0A, 0x22, 0x22, 0x0A, 0xFF], 4),
        ] as [([UInt8], Int)]) func bytesThatAreNotUTF8AreRefusedWithTheirPlace(bytes: [UInt8], place: Int)
    {
        #expect(words(bytes).hasPrefix("not UTF-8 at byte \(place), line "), "\(words(bytes))")
    }

    @Test func bothLayouts() throws {
        let value: AnyJSON = .object([
            "b": .list([.signed(1), .list([]), .object([:]), .list([.null])]),
            "a": .object(["é": .text("a\"\n"), "z": .double(1)]),
            "": .bool(true),
        ])
        #expect(try ReportJSON.encode(value) == #"{"":true,"a":{"z":1.0,"é":"a\"\n"},"b":[1,[],{},[null]]}"#)
        let indented = #"""
            {
              "": true,
              "a": {
                "z": 1.0,
                "é": "a\"\n"
              },
              "b": [
                1,
                [],
                {},
                [
                  null
                ]
              ]
            }
            """#
        #expect(try ReportJSON.encode(value, layout: .indented) == indented)
        #expect(try ReportJSON.encode("a") == #""a""# && ReportJSON.encode(Int?.none, layout: .indented) == "null")
    }
}
