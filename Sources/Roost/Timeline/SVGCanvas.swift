/// Writes the elements of a picture one after the other. Numbers have one place after the point, so that a picture is the
/// same on every machine.
struct SVGCanvas {
    private(set) var text = ""

    /// White around letters, so that they can be read over lines.
    static let halo = "paint-order=\"stroke\" stroke=\"#ffffff\" stroke-width=\"3\""

    static func number(_ value: Double) -> String {
        let tenths = Int((value * 10).rounded())
        let sign = tenths < 0 ? "-" : ""
        let size = abs(tenths)
        return size % 10 == 0 ? "\(sign)\(size / 10)" : "\(sign)\(size / 10).\(size % 10)"
    }

    private mutating func add(_ element: String) {
        text += element + "\n"
    }

    private func attribute(_ style: String) -> String { style.isEmpty ? "" : " " + style }

    mutating func label(_ words: String, x: Double, y: Double, style: String = "") {
        add(
            "<text x=\"\(Self.number(x))\" y=\"\(Self.number(y))\"\(attribute(style))>\(SVGText.escaped(words))</text>")
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, style: String) {
        add(
            "<path d=\"M\(Self.number(x1)) \(Self.number(y1))L\(Self.number(x2)) \(Self.number(y2))\"\(attribute(style))/>"
        )
    }

    mutating func rectangle(_ x: Double, _ y: Double, _ width: Double, _ height: Double, style: String) {
        add(
            "<rect x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(width))\" height=\"\(Self.number(height))\"\(attribute(style))/>"
        )
    }

    /// A group whose tooltip says more; ends with ``close()``.
    mutating func open(tooltip: String) {
        add("<g><title>\(SVGText.escaped(tooltip))</title>")
    }

    mutating func close() {
        add("</g>")
    }

    /// A number in a black circle.
    mutating func badge(_ number: String, x: Double, y: Double) {
        add("<circle cx=\"\(Self.number(x))\" cy=\"\(Self.number(y))\" r=\"9\"/>")
        let size = number.count > 2 ? 8 : 11
        label(
            number, x: x, y: y + 4,
            style: "text-anchor=\"middle\" fill=\"#ffffff\" font-size=\"\(size)\" font-weight=\"bold\"")
    }

    /// A warning triangle, its left corner at `x`.
    mutating func triangle(x: Double, y: Double) {
        let (left, top) = (Self.number(x), Self.number(y - 6))
        add(
            "<path d=\"M\(left) \(Self.number(y + 6))L\(Self.number(x + 6.5)) \(top)L\(Self.number(x + 13)) \(Self.number(y + 6))z\"/>"
        )
    }

    /// A stroke with feet, taller than a bar: the limit of that bar.
    mutating func limit(x: Double, y: Double) {
        let (left, right) = (Self.number(x - 3), Self.number(x + 3))
        let (top, bottom) = (Self.number(y - 10), Self.number(y + 10))
        let middle = Self.number(x)
        add(
            "<path d=\"M\(left) \(top)H\(right)M\(middle) \(top)V\(bottom)M\(left) \(bottom)H\(right)\" stroke=\"#1a1a1a\" stroke-width=\"1.6\" fill=\"none\"/>"
        )
    }

    /// Along the points, with a head at the last.
    mutating func arrow(_ points: [(x: Double, y: Double)]) {
        let path = points.map { "\(Self.number($0.x)) \(Self.number($0.y))" }.joined(separator: "L")
        add(
            "<path d=\"M\(path)\" stroke=\"#1a1a1a\" stroke-width=\"1.6\" fill=\"none\" marker-end=\"url(#roost-arrow)\"/>"
        )
    }
}
