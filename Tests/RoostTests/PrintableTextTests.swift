import Testing

@testable import Roost

@Suite struct PrintableTextTests {
    @Test func nothingEndsTheLineOrTurnsIt() {
        #expect(PrintableText.of("a\nb\u{1B}[31m\u{202E}\u{2028}c") == "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}\u{FFFD}c")
        #expect(PrintableText.of("größer 日本 🐓") == "größer 日本 🐓")
    }

    @Test func whatIsTooLongLosesItsMiddle() {
        #expect(PrintableText.short("1234567", limit: 7) == "1234567")
        #expect(PrintableText.short("12345678", limit: 7) == "123…678")
        #expect(PrintableText.short(String(repeating: "x\n", count: 100_000), limit: 60).count == 60)
        #expect(PrintableText.short("", limit: 7) == "")
    }

    @Test func aReportHasALineForEachWhoeverWasLate() {
        let late = Straggler(
            worker: "forged\n  late: 'nobody'", scope: String(repeating: "s", count: 1_000), thread: nil,
            lastCheckpoint: nil, ranFor: .seconds(1), askedFor: .seconds(1))
        #expect(!late.description.contains("\n") && late.description.count < 400)
    }
}
