import Foundation
import FoundationXML
import Testing

@testable import Roost

@Suite("Timeline picture")
struct TimelinePictureTests {
    private func ms(_ count: Int) -> Duration { .milliseconds(count) }

    /// The picture as whoever opens it reads it: refused unless it is well-formed XML.
    private final class Document: NSObject, XMLParserDelegate {
        var elements: [(name: String, attributes: [String: String])] = []
        var texts: [String] = []
        private var text: String?

        init(_ svg: String) throws {
            super.init()
            let parser = XMLParser(data: Data(svg.utf8))
            parser.delegate = self
            guard parser.parse() else { throw parser.parserError ?? CocoaError(.fileReadCorruptFile) }
        }

        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            elements.append((name, attributes))
            if ["text", "title", "desc"].contains(name) { text = "" }
        }

        func parser(_ parser: XMLParser, foundCharacters string: String) { text? += string }

        func parser(
            _ parser: XMLParser, didEndElement name: String, namespaceURI: String?, qualifiedName: String?
        ) {
            if let text, ["text", "title", "desc"].contains(name) { texts.append(text) }
            text = nil
        }

        func contains(_ part: String) -> Bool { texts.contains { $0.contains(part) } }
        /// The bars alone: the legend has swatches of another height.
        var bars: [[String: String]] {
            elements.filter { $0.name == "rect" && $0.attributes["height"] == "14" }.map(\.attributes)
        }
    }

    private var late: Timeline {
        Timeline(
            "end", total: ms(900), limit: .init("budget", at: .seconds(1)),
            bars: [
                Timeline.Bar(.worker, "good", begin: .zero, end: ms(100)),
                Timeline.Bar(.worker, "stubborn", detail: "still ran", begin: .zero, end: ms(700), isLate: true),
                Timeline.Bar(.finalizer, "flush", begin: ms(700), end: ms(900), limit: ms(250), waitsFor: [1]),
            ])
    }

    @Test(
        "a late bar is told by pattern, sign and word, the chain by outline, number and sentence: not by colour alone")
    func standsOut() throws {
        let document = try Document(late.svg)
        #expect(document.bars.map { $0["fill"] == "url(#roost-late)" } == [false, true, false])
        #expect(document.texts.filter { $0.hasPrefix("LATE") } == ["LATE  700 ms"])
        #expect(document.texts.contains("still ran"))
        #expect(document.bars.map { $0["stroke-width"] == "2.5" } == [false, true, true])
        let sentence = "Critical chain, and by how much each moved the end: 1 stubborn (+700 ms) → 2 flush (+200 ms)"
        #expect(document.texts.contains(sentence))
        #expect(document.elements.filter { $0.attributes["marker-end"] == "url(#roost-arrow)" }.count == 1)
    }

    @Test("nothing late: no bar is hatched and the picture says so")
    func clean() throws {
        let document = try Document(
            Timeline("end", total: ms(5), bars: [.init(.worker, "w", begin: .zero, end: ms(5))]).svg)
        #expect(document.bars.map { $0["fill"] } == ["#56b4e9"])
        #expect(document.contains("Nothing was late."))
    }

    @Test("the picture stands alone and says in words what it shows")
    func alone() throws {
        let svg = late.svg
        let document = try Document(svg)
        #expect(document.elements.first?.attributes["role"] == "img")
        let labels = document.elements.first?.attributes["aria-labelledby"]?.split(separator: " ").map(String.init)
        let ids = document.elements.compactMap { $0.attributes["id"] }
        #expect(labels?.allSatisfy(ids.contains) == true && Set(ids).count == ids.count)
        #expect(document.texts[1].contains("Late: stubborn (700 ms)."))
        let names = Set(document.elements.map(\.name))
        #expect(
            names.isSubset(of: [
                "svg", "title", "desc", "defs", "pattern", "marker", "g", "rect", "path", "text", "circle",
            ]))
        // The only address is the name of the language itself.
        #expect(svg.components(separatedBy: "http").count == 2)
        #expect(
            document.elements.first { $0.name == "rect" && $0.attributes["width"] == "1100" }?.attributes["fill"]
                == "#ffffff")
        #expect(svg == late.svg)
    }

    @Test(
        "whatever a name holds, the picture is well-formed and the row one line",
        arguments: [
            "<script>alert(1)</script> & \"quotes\" 'too' ]]>", "\u{0}\u{1}\u{8}\u{B}\u{1B}[31mred\r\n\tnext",
            "\u{FFFE}\u{FFFF}\u{202E}", "", String(repeating: "long ", count: 20_000),
            String(repeating: "写真", count: 500), "e" + String(repeating: "\u{301}", count: 5_000), "👨‍👩‍👧‍👦🏳️‍🌈",
        ])
    func hostile(_ name: String) throws {
        let bar = Timeline.Bar(.worker, name, detail: name, begin: .zero, end: ms(3), isLate: true)
        let document = try Document(Timeline(name, total: ms(3), limit: .init(name, at: ms(3)), bars: [bar]).svg)
        #expect(!document.elements.contains { $0.name == "script" })
        let shown = document.texts.filter { $0 != document.texts[1] && !$0.contains("\nworker, from") }
        #expect(shown.allSatisfy { $0.utf8.count < 4_000 && !$0.contains("\n") && !$0.contains("\u{1}") })
        #expect(SVGText.width(SVGText.fitted(name, columns: 42)) <= 42)
    }

    @Test("of hundreds the chain, the late and the longest are shown, and how many more there were")
    func folded() throws {
        var bars = (0..<338).map { Timeline.Bar(.worker, "job \($0)", begin: .zero, end: ms(10 + $0)) }
        for index in [3, 5, 8] {
            bars.append(Timeline.Bar(.worker, "late \(index)", begin: .zero, end: ms(index), isLate: true))
        }
        bars.append(Timeline.Bar(.finalizer, "flush", begin: ms(400), end: ms(401), waitsFor: [0]))
        let document = try Document(Timeline("many", total: ms(401), bars: bars).svg)
        #expect(document.bars.count == TimelineRows.most + 1)
        #expect(document.texts.contains("… 311 more, none of them late; the longest took 321 ms"))
        for name in ["job 0", "late 3", "late 5", "late 8", "job 337", "flush"] {
            #expect(document.texts.contains(name))
        }
        #expect(!document.texts.contains("job 1"))
        #expect(document.texts.contains("Workers (341)"))
    }

    @Test("more late ones than there is room for: their number is said")
    func manyLate() throws {
        let bars = (0..<400).map { Timeline.Bar(.worker, "\($0)", begin: .zero, end: ms(1_000 - $0), isLate: true) }
        let document = try Document(Timeline("t", total: .seconds(1), bars: bars).svg)
        #expect(document.texts.contains("… 370 more, 370 of them late; the longest took 970 ms"))
    }

    @Test("no time at all, no bars, and more time than there is: still a picture with every bar inside it")
    func extremes() throws {
        let forEver = Duration.seconds(Int64.max / 2)
        for timeline in [
            Timeline("none", total: .zero, bars: []),
            Timeline(
                "zero", total: .zero, limit: .init("budget", at: .zero),
                bars: [.init(.stage, "a", begin: .zero, end: .zero)]),
            Timeline("one", total: .nanoseconds(1), bars: [.init(.stage, "a", begin: .zero, end: .nanoseconds(1))]),
            Timeline("end", total: ms(10), bars: [.init(.stage, "a", begin: ms(10), end: ms(10), limit: forEver)]),
            Timeline(
                "long", total: forEver, limit: .init("budget", at: forEver),
                bars: [.init(.phase, "a", begin: .zero, end: forEver)]),
        ] {
            let document = try Document(timeline.svg)
            #expect(document.bars.count == timeline.bars.count)
            for bar in document.bars {
                let x = try #require(bar["x"].flatMap(Double.init))
                let width = try #require(bar["width"].flatMap(Double.init))
                #expect(x >= 337 && width >= 3 && x + width <= 940.1)
            }
        }
    }

    // MARK: The axis

    @Test("the marks of the axis are round, evenly apart, with a unit, and at most ten beside zero")
    func axis() {
        func labels(_ total: Duration) -> [String] { TimelineAxis(total: total, limit: nil).marks.map(\.label) }
        #expect(
            labels(.milliseconds(412)) == [
                "0", "50 ms", "100 ms", "150 ms", "200 ms", "250 ms", "300 ms", "350 ms", "400 ms",
            ])
        #expect(labels(.milliseconds(2_700)) == ["0", "0.5 s", "1.0 s", "1.5 s", "2.0 s", "2.5 s"])
        #expect(labels(.seconds(10)).last == "10 s")
        #expect(labels(.seconds(600)).last == "10 min")
        #expect(labels(.nanoseconds(3)) == ["0", "1 ns", "2 ns", "3 ns"])
        for exponent in 0..<62 {
            for offset: Int64 in [0, 1] {
                let axis = TimelineAxis(total: .nanoseconds((1 << exponent) + offset), limit: nil)
                #expect((2...11).contains(axis.marks.count), "\(axis.range)")
                #expect(Set(axis.marks.map(\.label)).count == axis.marks.count)
                #expect(axis.marks.allSatisfy { axis.shows($0.time) })
            }
        }
    }

    @Test("a budget that is far away is said, not drawn; one near by is on the axis")
    func budget() throws {
        let bar = Timeline.Bar(.worker, "w", begin: .zero, end: ms(100))
        let far = try Document(Timeline("t", total: ms(100), limit: .init("budget", at: .seconds(10)), bars: [bar]).svg)
        #expect(far.texts.contains("budget 10 s, far to the right →"))
        #expect(!far.elements.contains { $0.attributes["stroke-dasharray"] != nil })
        let near = try Document(Timeline("t", total: ms(100), limit: .init("budget", at: ms(120)), bars: [bar]).svg)
        #expect(near.texts.contains("budget 120 ms"))
        #expect(near.elements.contains { $0.attributes["stroke-dasharray"] != nil })
    }
}
