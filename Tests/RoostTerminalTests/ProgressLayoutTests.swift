import Roost
import RoostTerminal
import Testing

@Suite("Progress layout")
struct ProgressLayoutTests {
    private func progress(
        _ completed: Int, of total: Int?, after seconds: Int, _ message: String = ""
    ) -> WorkerProgress {
        var progress = WorkerProgress(completed, of: total, message: message)
        progress.elapsed = .seconds(seconds)
        return progress
    }

    @Test("a wide line says everything")
    func wide() {
        let line = ProgressLayout(width: 120, usesColor: false)
            .line(label: "thumbnails", progress(50, of: 200, after: 10, "a.jpg"))
        #expect(line == "thumbnails  [#####---------------]  25 %  50/200  5.0/s  30 s left  a.jpg")
    }

    @Test("no line is wider than the terminal, whatever is in it", arguments: 1...130)
    func neverTooWide(width: Int) {
        let texts = [
            "", "a.jpg", String(repeating: "long name ", count: 30), "日本語の写真.jpg", "👩‍👩‍👧‍👦 family.png",
            "e\u{301}\u{301}.gif",
        ]
        for text in texts {
            for total in [nil, 0, 7, 1_000_000] as [Int?] {
                let line = ProgressLayout(width: width, usesColor: false)
                    .line(label: "thumbnails", progress(5, of: total, after: 3, ProgressLayout.printable(text)))
                #expect(ProgressLayout.columns(line) <= width, "'\(line)'")
                #expect(!line.contains("\n"))
            }
        }
    }

    @Test("without colour there is no escape sequence")
    func noColor() {
        let plain = ProgressLayout(width: 100, usesColor: false).line(label: "x", progress(1, of: 2, after: 1))
        let coloured = ProgressLayout(width: 100, usesColor: true).line(label: "x", progress(1, of: 2, after: 1))
        #expect(!plain.contains("\u{1B}"))
        #expect(coloured.contains("\u{1B}[32m"))
    }

    @Test("names cannot move the cursor or change the terminal")
    func controlCharacters() {
        let hostile = "a\u{1B}[2Jb\rc\nd\u{202E}e\u{7}"
        let printable = ProgressLayout.printable(hostile)
        #expect(printable == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}d\u{FFFD}e\u{FFFD}")
        let layout = ProgressLayout(width: 120, usesColor: false)
        for line in [
            layout.line(label: "x", progress(1, of: 2, after: 1, hostile)),
            layout.line(label: hostile, progress(1, of: 2, after: 1)),
        ] {
            #expect(line.contains(printable))
            #expect(line.unicodeScalars.allSatisfy { $0.value >= 0x20 })
        }
    }

    @Test("a label and a message are what they say, whatever they say")
    func wordsAreWords() {
        let line = ProgressLayout(width: 80, usesColor: false).line(label: "bar", progress(1, of: nil, after: 0, "bar"))
        #expect(line == "bar  1  bar")
    }

    @Test("an unknown total shows the count and the rate, and no bar")
    func unknownTotal() {
        let line = ProgressLayout(width: 80, usesColor: false).line(label: "files", progress(120, of: nil, after: 10))
        #expect(line == "files  120  12/s")
    }

    @Test(
        "times are short", arguments: [(30, "30 s left"), (125, "2:05 left"), (3_723, "1:02:03 left")])
    func timeLeft(seconds: Int, text: String) {
        let line = ProgressLayout(width: 100, usesColor: false)
            .line(label: "x", progress(1, of: 1 + seconds, after: 1))
        #expect(line.hasSuffix(text))
    }
}
