import Foundation
import Testing

@testable import Roost

@Suite("Timeline")
struct TimelineTests {
    private func ms(_ count: Int) -> Duration { .milliseconds(count) }

    private func stage(_ name: String, _ begin: Int, _ end: Int, waitsFor: [Int]? = nil) -> Timeline.Bar {
        Timeline.Bar(.stage, name, begin: ms(begin), end: ms(end), waitsFor: waitsFor)
    }

    private func chain(_ bars: [Timeline.Bar]) -> [String] {
        let timeline = Timeline("t", total: .zero, bars: bars)
        return timeline.criticalChain.map { timeline.bars[$0].name }
    }

    // MARK: The critical chain

    @Test("the chain is what the end waited for: of several waited for, the one that ended last")
    func waitedFor() {
        let bars = [
            stage("splash", 0, 10), stage("quick", 10, 20, waitsFor: [0]), stage("slow", 10, 80, waitsFor: [0]),
            stage("window", 85, 100, waitsFor: [1, 2]),
        ]
        #expect(chain(bars) == ["splash", "slow", "window"])
    }

    @Test("what a bar says it waited for counts alone, even when something else ended later before it began")
    func declared() {
        let bars = [stage("a", 0, 10), stage("unrelated", 0, 40), stage("c", 50, 60, waitsFor: [0])]
        #expect(chain(bars) == ["a", "c"])
    }

    @Test("a bar that says nothing was held up by what ended last before it began")
    func guessed() {
        let bars = [stage("a", 0, 10), stage("b", 0, 40), stage("runs on", 0, 55), stage("c", 50, 60)]
        #expect(chain(bars) == ["b", "c"])
        #expect(chain([stage("a", 0, 40), stage("of itself", 50, 60, waitsFor: [])]) == ["of itself"])
    }

    @Test("a phase that holds its workers was held up by the last of them")
    func held() {
        let bars = [
            Timeline.Bar(.worker, "quick", begin: .zero, end: ms(5)),
            Timeline.Bar(.worker, "slow", begin: .zero, end: ms(90)),
            Timeline.Bar(.phase, "stop", begin: .zero, end: ms(90), waitsFor: [0, 1]),
            Timeline.Bar(.finalizer, "flush", begin: ms(90), end: ms(99), waitsFor: [2]),
        ]
        #expect(chain(bars) == ["slow", "stop", "flush"])
    }

    @Test("one that ended after the bar cannot have held it up")
    func later() {
        #expect(
            chain([stage("a", 0, 90), stage("b", 0, 95, waitsFor: [0]), stage("c", 0, 50, waitsFor: [0])]) == [
                "a", "b",
            ])
        #expect(chain([stage("x", 0, 30, waitsFor: [1]), stage("y", 0, 20, waitsFor: [0])]) == ["y", "x"])
    }

    @Test("a circle ends, and every bar is in the chain once at most")
    func circle() {
        let bars = (0..<5).map { stage("\($0)", 0, 10, waitsFor: [($0 + 1) % 5]) }
        #expect(Set(chain(bars)).count == chain(bars).count)
        #expect(chain([stage("self", 0, 10, waitsFor: [0])]) == ["self"])
        let zeros = (0..<4).map { stage("\($0)", 0, 0) }
        #expect(Set(chain(zeros)).count == chain(zeros).count)
        #expect(chain([]) == [])
    }

    @Test("of bars that end together at the end, the one that waits for the others is the last of the chain")
    func together() {
        #expect(chain([stage("outer", 0, 10, waitsFor: [1]), stage("inner", 3, 10)]) == ["inner", "outer"])
    }

    // MARK: Values

    @Test("what cannot be is put right: no time before zero, no end before the begin, no wait for what is not there")
    func clamped() {
        let bar = Timeline.Bar(.worker, "w", begin: ms(-5), end: ms(-9), limit: ms(-1), waitsFor: [0, 7, -1, 1])
        let timeline = Timeline("t", total: ms(-3), limit: .init("budget", at: ms(-1)), bars: [bar, stage("s", 4, 30)])
        #expect(timeline.bars[0].begin == .zero && timeline.bars[0].end == .zero && timeline.bars[0].limit == .zero)
        #expect(timeline.bars[0].waitsFor == [1])
        #expect(timeline.total == ms(30))
        #expect(timeline.limit?.time == .zero)
    }

    // MARK: JSON

    private var example: Timeline {
        Timeline(
            "a \"start\"\n", total: ms(400), limit: .init("budget", at: .seconds(2)),
            bars: [
                Timeline.Bar(.stage, "日本 & <b>", detail: "\u{1}", begin: .zero, end: ms(10)),
                Timeline.Bar(.worker, "", begin: ms(10), end: ms(90), limit: ms(50), isLate: true, waitsFor: [0]),
            ])
    }

    @Test("a timeline reads back as it was written, and any JSON tool reads it")
    func roundTrip() throws {
        #expect(try Timeline(json: example.json) == example)
        let bare = Timeline("nothing", total: .zero, bars: [])
        #expect(try Timeline(json: bare.json) == bare)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(example.json.utf8)) as? [String: Any])
        #expect((object["bars"] as? [[String: Any]])?.last?["endNs"] as? Int == 90_000_000)
    }

    @Test("a damaged timeline is an error that says where, never a trap")
    func damaged() {
        let json = example.json
        for length in 0..<(json.utf8.count - 2) {
            #expect(throws: TimelineFormatError.self) {
                try Timeline(json: String(decoding: json.utf8.prefix(length), as: UTF8.self))
            }
        }
        func message(_ old: String, _ new: String) -> String {
            let text = json.replacingOccurrences(of: old, with: new)
            #expect(text != json)
            do {
                _ = try Timeline(json: text)
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(message("roost-timeline-1", "roost-timeline-9") == "not a timeline: it is of another format or version")
        #expect(message("\"lane\": \"worker\"", "\"lane\": \"x\"") == "not a timeline: no lane is called 'x' in bar 1")
        #expect(message("\"endNs\": 90000000", "\"endNs\": 9") == "not a timeline: it ends before it begins in bar 1")
        #expect(message("\"beginNs\": 0", "\"beginNs\": -1").hasSuffix("no number of nanoseconds 'beginNs' in bar 0"))
        #expect(message("\"isLate\": true", "\"isLate\": 1") == "not a timeline: no true or false 'isLate' in bar 1")
        #expect(message("        0\n", "        2\n").hasSuffix("it waits for a bar that is not there in bar 1"))
        #expect(message("\"timeNs\"", "\"time\"") == "not a timeline: no number of nanoseconds 'timeNs' in 'limit'")
    }
}
