/// Draws a timeline, from the top down.
struct TimelinePicture {
    private let timeline: Timeline
    private let chain: [Int]
    private let rows: TimelineRows
    private let axis: TimelineAxis
    private var canvas = SVGCanvas()
    private var y = 0.0
    /// The middle of each shown bar, for the arrows of the chain.
    private var middles: [Int: Double] = [:]

    /// In pixels.
    private enum Metrics {
        static let width = 1_100.0
        static let margin = 24.0
        /// The number of a bar in the critical chain.
        static let number = 34.0
        static let top = 130.0
        static let name = 52.0
        static let plot = 340.0
        static let plotEnd = 940.0
        static let value = 954.0
        static let bar = 14.0
        static let row = 24.0
        static let detail = 15.0
    }

    /// Letters are about 6.5 pixels wide at 12 pixels.
    private enum Columns {
        static let name = 42
        static let detail = 150
        static let title = 110
        static let line = 155
    }

    /// More bars than this in a lane: only the late ones have their detail on a line below.
    private static let mostDetailed = 12

    init(_ timeline: Timeline) {
        self.timeline = timeline
        chain = timeline.criticalChain
        rows = TimelineRows(timeline, critical: Set(chain))
        axis = TimelineAxis(total: timeline.total, limit: timeline.limit?.time)
    }

    mutating func draw() -> String {
        drawHead()
        let top = y
        drawLanes()
        let bottom = y
        drawMarkLabels()
        drawChain()
        drawFoot()
        return document(grid: grid(from: top, to: bottom))
    }

    // MARK: The document

    private func document(grid: String) -> String {
        let height = SVGCanvas.number(y)
        let words = TimelineWords(timeline, chain: chain)
        return """
            <svg xmlns="http://www.w3.org/2000/svg" width="1100" height="\(height)" viewBox="0 0 1100 \(height)" \
            role="img" aria-labelledby="roost-title roost-desc" font-family="system-ui, 'DejaVu Sans', Verdana, sans-serif" \
            font-size="12" fill="#1a1a1a">
            <title id="roost-title">\(SVGText.escaped(SVGText.fitted(timeline.title, columns: 200)))</title>
            <desc id="roost-desc">\(SVGText.escaped(words.description))</desc>
            <defs>
            <pattern id="roost-late" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">\
            <rect width="7" height="7" fill="#d55e00"/><rect width="2.6" height="7" fill="#1a1a1a"/></pattern>
            <marker id="roost-arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">\
            <path d="M0 0L8 4L0 8z" fill="#1a1a1a"/></marker>
            </defs>
            <rect width="1100" height="\(height)" fill="#ffffff"/>
            \(grid)\(canvas.text)</svg>

            """
    }

    private mutating func drawHead() {
        let words = TimelineWords(timeline, chain: chain)
        y = 36
        canvas.label(
            SVGText.fitted(timeline.title, columns: Columns.title), x: Metrics.margin, y: y,
            style: "font-size=\"17\" font-weight=\"bold\"")
        y += 22
        canvas.label(words.summary, x: Metrics.margin, y: y)
        // Below the names of the two lines, and those of the axis.
        y = Metrics.top
    }

    private func x(_ time: Duration) -> Double {
        Metrics.plot + axis.place(of: time) * (Metrics.plotEnd - Metrics.plot)
    }

    // MARK: Axis and lines

    /// Behind the bars.
    private func grid(from top: Double, to bottom: Double) -> String {
        var canvas = SVGCanvas()
        for mark in axis.marks {
            canvas.line(x(mark.time), top, x(mark.time), bottom, style: "stroke=\"#d9d9d9\"")
        }
        canvas.line(Metrics.plot, top, Metrics.plotEnd, top, style: "stroke=\"#1a1a1a\"")
        canvas.line(Metrics.plot, bottom, Metrics.plotEnd, bottom, style: "stroke=\"#1a1a1a\"")
        if let limit = timeline.limit, axis.shows(limit.time) {
            canvas.line(
                x(limit.time), top - 50, x(limit.time), bottom,
                style: "stroke=\"#1a1a1a\" stroke-width=\"2\" stroke-dasharray=\"7 4\"")
        }
        canvas.line(x(timeline.total), top - 33, x(timeline.total), bottom, style: "stroke=\"#1a1a1a\"")
        for mark in axis.marks {
            for labelY in [top - 7, bottom + 16] {
                canvas.label(
                    mark.label, x: x(mark.time), y: labelY,
                    style: "text-anchor=\"middle\" fill=\"#444444\" \(SVGCanvas.halo)")
            }
        }
        return canvas.text
    }

    /// The names of the two lines, each on a height of its own so that they never cover one another.
    private mutating func drawMarkLabels() {
        let top = Metrics.top
        if let limit = timeline.limit {
            let name = SVGText.fitted(limit.name, columns: 30)
            if axis.shows(limit.time) {
                label("\(name) \(TimelineWords.time(limit.time))", at: limit.time, y: top - 41)
            } else {
                canvas.label(
                    "\(name) \(limit.time.short), far to the right →", x: Metrics.plotEnd, y: top - 41,
                    style: "text-anchor=\"end\" font-weight=\"bold\"")
            }
        }
        label("end \(TimelineWords.time(timeline.total))", at: timeline.total, y: top - 24)
    }

    /// Beside its line, on the side with more room.
    private mutating func label(_ text: String, at time: Duration, y: Double) {
        let isRight = axis.place(of: time) > 0.5
        canvas.label(
            text, x: x(time) + (isRight ? -6 : 6), y: y,
            style: "text-anchor=\"\(isRight ? "end" : "start")\" font-weight=\"bold\"")
    }

    // MARK: Lanes

    private mutating func drawLanes() {
        for section in rows.sections {
            y += 22
            canvas.label(
                "\(TimelineWords.heading(section.lane)) (\(section.count))", x: Metrics.margin, y: y,
                style: "font-weight=\"bold\"")
            y += 6
            canvas.line(Metrics.margin, y, Metrics.width - Metrics.margin, y, style: "stroke=\"#8c8c8c\"")
            y += 4
            for index in section.shown {
                draw(index, withDetail: timeline.bars[index].isLate || section.count <= Self.mostDetailed)
            }
            if let folded = section.folded { draw(folded) }
        }
        if timeline.bars.isEmpty {
            y += 26
            canvas.label("Nothing was noted.", x: Metrics.name, y: y)
        }
        y += 10
    }

    private mutating func draw(_ folded: TimelineRows.Folded) {
        let late = folded.lateCount == 0 ? "none of them late" : "\(folded.lateCount) of them late"
        canvas.label(
            "… \(folded.count) more, \(late); the longest took \(TimelineWords.time(folded.longest))", x: Metrics.name,
            y: y + 17, style: "fill=\"#444444\" font-style=\"italic\"")
        y += Metrics.row
    }

    private mutating func draw(_ index: Int, withDetail: Bool) {
        let bar = timeline.bars[index]
        let place = chain.firstIndex(of: index)
        let middle = y + Metrics.row / 2
        middles[index] = middle
        canvas.open(tooltip: TimelineWords.tooltip(bar, place: place))
        if let place { canvas.badge("\(place + 1)", x: Metrics.number, y: middle) }
        let weight = bar.isLate || place != nil ? "font-weight=\"bold\"" : ""
        canvas.label(
            SVGText.fitted(bar.name, columns: weight.isEmpty ? Columns.name : Columns.name - 4), x: Metrics.name,
            y: middle + 4, style: weight)
        drawBar(bar, middle: middle, isCritical: place != nil)
        if bar.isLate {
            canvas.triangle(x: Metrics.value, y: middle)
            canvas.label(
                "LATE  \(TimelineWords.time(bar.duration))", x: Metrics.value + 18, y: middle + 4, style: weight)
        } else {
            canvas.label(TimelineWords.time(bar.duration), x: Metrics.value + 18, y: middle + 4, style: weight)
        }
        y += Metrics.row
        if withDetail, !bar.detail.isEmpty {
            canvas.label(
                SVGText.fitted(bar.detail, columns: Columns.detail), x: Metrics.name, y: y + 7,
                style: "font-size=\"11\" fill=\"#444444\" \(SVGCanvas.halo)")
            y += Metrics.detail
        }
        canvas.close()
    }

    private mutating func drawBar(_ bar: Timeline.Bar, middle: Double, isCritical: Bool) {
        let fill = bar.isLate ? "url(#roost-late)" : TimelineWords.colour(bar.lane)
        let stroke = isCritical ? "stroke=\"#1a1a1a\" stroke-width=\"2.5\"" : "stroke=\"#444444\""
        let begin = x(bar.begin)
        // What took no time has its place nevertheless, inside the axis.
        let width = max(3, x(bar.end) - begin)
        canvas.rectangle(
            min(begin, Metrics.plotEnd - width), middle - Metrics.bar / 2, width, Metrics.bar,
            style: "fill=\"\(fill)\" \(stroke)")
        if let limit = bar.limit, axis.shows(bar.begin + limit) { canvas.limit(x: x(bar.begin + limit), y: middle) }
    }

    // MARK: The chain

    /// From the end of each bar to where it let the next one go on.
    private mutating func drawChain() {
        for (from, to) in zip(chain, chain.dropFirst()) {
            guard let start = middles[from], let goal = middles[to] else { continue }
            var fromX = x(timeline.bars[from].end)
            let toX = x(timeline.bars[to].begin)
            // Into one that held this one; a little inside, so that it does not cover the arrow that leaves it.
            if toX < fromX - 6 { fromX -= 6 }
            let down = goal > start ? 1.0 : -1.0
            let begin = start + down * Metrics.bar / 2
            let end = goal - down * (Metrics.bar / 2 + 2)
            // To the side first, in the gap below or above the row, when the next one began later.
            let path =
                toX > fromX + 2
                ? [(fromX, begin), (fromX, end - down * 4), (toX + 1, end - down * 4), (toX + 1, end)]
                : [(fromX, begin), (fromX, end)]
            canvas.arrow(path)
        }
    }

    // MARK: Legend

    private mutating func drawFoot() {
        y += 40
        var x = Metrics.margin
        for section in rows.sections {
            canvas.rectangle(
                x, y - 10, 22, 12, style: "fill=\"\(TimelineWords.colour(section.lane))\" stroke=\"#444444\"")
            let name = section.lane.rawValue
            canvas.label(name, x: x + 29, y: y)
            x += 52 + Double(name.count) * 7
        }
        y += 24
        x = Metrics.margin
        canvas.rectangle(x, y - 10, 22, 12, style: "fill=\"url(#roost-late)\" stroke=\"#444444\"")
        canvas.triangle(x: x + 28, y: y - 4)
        canvas.label("late: past its limit, or given up", x: x + 46, y: y)
        x += 268
        canvas.limit(x: x, y: y - 4)
        canvas.label("a bar's own limit", x: x + 10, y: y)
        x += 138
        canvas.badge("1", x: x, y: y - 4)
        canvas.rectangle(
            x + 14, y - 10, 22, 12, style: "fill=\"#ffffff\" stroke=\"#1a1a1a\" stroke-width=\"2.5\"")
        canvas.label("critical chain: what the end waited for, in this order", x: x + 44, y: y)
        y += 14
        for line in TimelineWords(timeline, chain: chain).chainLines(columns: Columns.line) {
            y += 18
            canvas.label(line, x: Metrics.margin, y: y)
        }
        y += 24
    }
}
