import Testing

@testable import RoostProcess

@Suite struct BriefTextTests {
    private struct Picture {
        var name: String
        var size: (width: Int, height: Int)
        var scale: Double?
        var tags: [String]
        var way: Way
    }
    private enum Way {
        case plain
        case turned(by: Int)
        case of(String)
    }
    private struct Empty {}

    @Test func aValueReadsLikeItsDeclaration() {
        let picture = Picture(
            name: "cat", size: (640, 480), scale: nil, tags: ["a", "b"], way: .turned(by: 90))
        #expect(
            BriefText.of(picture)
                == "Picture(name: \"cat\", size: (width: 640, height: 480), scale: nil, tags: [\"a\", \"b\"], way: turned(by: 90))"
        )
        #expect(BriefText.of(Way.plain) == "plain")
        #expect(BriefText.of(Way.of("x")) == "of(\"x\")")
        #expect(BriefText.of(Empty()) == "Empty()")
        #expect(BriefText.of(["one": 1]) == "[\"one\": 1]")
        #expect(BriefText.of(Optional(7) as Any) == "7")
        #expect(BriefText.of((1, "a")) == "(1, \"a\")")
    }

    /// Five million numbers as text alone would take seconds.
    @Test func aLargeValueTakesNoTime() {
        struct Large {
            var numbers = Array(0..<5_000_000)
            var text = String(repeating: "t", count: 5_000_000)
        }
        let large = Large()
        let clock = ContinuousClock.now
        let text = BriefText.of(large)
        #expect(ContinuousClock.now - clock < .milliseconds(200))
        #expect(text.hasPrefix("Large(numbers: [0, 1, 2, 3, 4, 5, 6, 7, … 5000000 in all], text: \"ttt"))
        #expect(text.count < 250)
    }

    @Test func whatLiesDeepIsLeftOut() {
        let nested: Any = [[[[[[[1]]]]]]]
        #expect(BriefText.of(nested) == "[[[[[…]]]]]")
    }
}
