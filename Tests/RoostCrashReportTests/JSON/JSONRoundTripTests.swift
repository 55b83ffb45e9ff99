import Foundation
import RoostCrashReport
import Testing

/// What is written here reads Foundation, and the other way round.
@Suite struct JSONRoundTripTests {
    private let encoder: JSONEncoder = {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return encoder
    }()

    @Test func randomValuesComeBack() throws {
        var random = SeededGenerator(test: "randomValuesComeBack")
        for _ in 0..<150 {
            let value = Mixed(random: &random)
            for layout in [ReportJSON.Layout.compact, .indented] {
                let text = try ReportJSON.encode(value, layout: layout)
                #expect(try ReportJSON.decode(Mixed.self, from: text) == value)
                #expect(try ReportJSON.decode(Mixed.self, from: Array(text.utf8)) == value)
                #expect(try JSONDecoder().decode(Mixed.self, from: Data(text.utf8)) == value)
            }
            let theirs = Array(try encoder.encode(value))
            #expect(try ReportJSON.decode(Mixed.self, from: theirs) == value)
        }
    }

    @Test func randomTreesComeBack() throws {
        var random = SeededGenerator(test: "randomTreesComeBack")
        for _ in 0..<400 {
            let value = AnyJSON.random(&random)
            let text = try ReportJSON.encode(value)
            #expect(try ReportJSON.decode(AnyJSON.self, from: text) == value)
            // Equal values have equal texts, dictionaries too.
            #expect(try ReportJSON.encode(try ReportJSON.decode(AnyJSON.self, from: text)) == text)
            #expect(try JSONDecoder().decode(AnyJSON.self, from: Data(text.utf8)).isSame(as: value))
            let theirs = Array(try encoder.encode(value))
            #expect(try ReportJSON.decode(AnyJSON.self, from: theirs).isSame(as: value))
        }
    }

    /// Bit by bit: the text is the shortest one that is read as the same number.
    @Test func numbersWithFractionsAreExact() throws {
        var random = SeededGenerator(test: "numbersWithFractionsAreExact")
        let doubles =
            (0..<2_000).map { _ in random.double() } + [0, -0.0, .leastNonzeroMagnitude, 1e16, 1e-5, .pi, .ulpOfOne]
        let back = try ReportJSON.decode([Double].self, from: try ReportJSON.encode(doubles))
        #expect(back.map(\.bitPattern) == doubles.map(\.bitPattern))
        let floats = doubles.map { Float(bitPattern: UInt32(truncatingIfNeeded: $0.bitPattern)) }.filter(\.isFinite)
        let floatsBack = try ReportJSON.decode([Float].self, from: try ReportJSON.encode(floats))
        #expect(floatsBack.map(\.bitPattern) == floats.map(\.bitPattern))
    }

    /// Reports were written by Foundation once: their text is still the same, byte for byte.
    @Test(arguments: Sample.Build.allCases) func reportsAreWrittenAsBefore(build: Sample.Build) throws {
        for sample in try Sample.all(build) {
            var report = CrashReport(sample.evidence)
            report.program = "a\u{0}\u{1}\u{8}\t\n\u{B}\u{C}\r\u{1F} \"\\/\u{7F}\u{80}\u{2028}é😀"
            let theirs = try encoder.encode(report)
            #expect(Array(theirs) + [0x0A] == Array(report.json.utf8), "\(sample.name)")
            #expect(try CrashReport(json: String(decoding: theirs, as: UTF8.self)) == report)
        }
    }
}
