/// What a worker printed last, and its lines as they become whole. Bounded, whatever it prints.
struct OutputTail: Sendable {
    static let kept = 4_096
    static let longestLine = 4_000

    private(set) var tail: [UInt8] = []
    private var line: [UInt8] = []
    private var isCutting = false

    /// Adds what was read; returns the lines that are whole now.
    mutating func add(_ bytes: some Sequence<UInt8>) -> [String] {
        var lines: [String] = []
        for byte in bytes {
            tail.append(byte)
            if byte == UInt8(ascii: "\n") {
                if !isCutting { lines.append(String(decoding: line, as: UTF8.self)) }
                line.removeAll(keepingCapacity: true)
                isCutting = false
            } else if !isCutting {
                line.append(byte)
                if line.count == Self.longestLine {
                    lines.append(String(decoding: line, as: UTF8.self))
                    isCutting = true
                }
            }
        }
        if tail.count > 2 * Self.kept { tail.removeFirst(tail.count - Self.kept) }
        return lines
    }

    /// The last line, if it never ended.
    mutating func end() -> String? {
        defer { line = [] }
        return line.isEmpty || isCutting ? nil : String(decoding: line, as: UTF8.self)
    }

    var text: String { String(decoding: tail.suffix(Self.kept), as: UTF8.self) }
}
