import Foundation

/// A seeded generator (SplitMix64, Steele, Lea and Flood 2014), so that a test can be run again as it was.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// With the seed in `ROOST_SEED`, or a new one. Printed, so that a failure can be repeated.
    init(test: String) {
        state = ProcessInfo.processInfo.environment["ROOST_SEED"].flatMap { UInt64($0) } ?? .random(in: 0 ... .max)
        print("\(test): ROOST_SEED=\(state)")
    }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func next(_ count: Int) -> Int { Int.random(in: 0..<count, using: &self) }

    /// Any text, with all that a writer has to look out for.
    mutating func text(_ longest: Int = 12) -> String {
        var text = ""
        for _ in 0..<next(longest + 1) {
            switch next(8) {
            case 0: text.unicodeScalars.append(Unicode.Scalar(UInt8(next(0x20))))
            case 1: text += ["\"", "\\", "/", "\u{7F}", "\u{85}", "\u{2028}", "\u{FEFF}", "\u{FFFD}"][next(8)]
            case 2: text += ["é", "e\u{301}", "😀", "👩‍👩‍👧", "\u{10FFFF}", "\u{D7FF}", "\u{E000}", "\r\n"][next(8)]
            default: text.unicodeScalars.append(Unicode.Scalar(UInt8(0x20 + next(0x5F))))
            }
        }
        return text
    }
}
