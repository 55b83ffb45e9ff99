import Testing

@testable import RoostProcess

@Suite struct OutputTailTests {
    @Test func linesComeWholeHoweverTheyAreCut() {
        var tail = OutputTail()
        #expect(tail.add(Array("one\ntw".utf8)) == ["one"])
        #expect(tail.add(Array("o\n\nthree".utf8)) == ["two", ""])
        #expect(tail.end() == "three")
        #expect(tail.end() == nil)
        #expect(tail.text == "one\ntwo\n\nthree")
    }

    @Test func itIsBoundedWhateverIsPrinted() {
        var tail = OutputTail()
        var lines: [String] = []
        for _ in 0..<1_000 { lines += tail.add(Array(repeating: UInt8(ascii: "x"), count: 1_000)) }
        #expect(lines.count == 1)
        #expect(lines[0].utf8.count == OutputTail.longestLine)
        #expect(tail.tail.count <= 2 * OutputTail.kept)
        #expect(tail.text.utf8.count == OutputTail.kept)
        #expect(tail.add(Array("\nnext\n".utf8)) == ["next"])
    }

    @Test func bytesThatAreNoTextDoNoHarm() {
        var tail = OutputTail()
        #expect(tail.add([0xFF, 0xFE, 0x0A]) == ["\u{FFFD}\u{FFFD}"])
    }
}
