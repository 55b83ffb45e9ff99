/// A value with everything that a type can have.
struct Mixed: Codable, Equatable {
    enum Choice: Codable, Equatable {
        case plain
        case number(Int)
        case named(text: String, flag: Bool?)
        indirect case inner([Choice])
    }

    enum Word: String, Codable, CodingKeyRepresentable, CaseIterable {
        case one
        case two
        case three
    }

    struct Empty: Codable, Equatable {}

    var bool: Bool
    var int: Int
    var int8: Int8
    var int16: Int16
    var int32: Int32
    var int64: Int64
    var uint: UInt
    var uint8: UInt8
    var uint16: UInt16
    var uint32: UInt32
    var uint64: UInt64
    var double: Double
    var float: Float
    var text: String
    var maybe: String?
    var maybeNumber: Int?
    var maybeMixed: [Mixed]?
    var list: [Int?]
    var lists: [[String]]
    var names: [String: Double]
    var numbers: [Int: String]
    var words: [Word: Choice]
    var pairs: [Bool: Int]
    var choice: Choice
    var choices: [Choice]
    var empty = Empty()
    var empties: [Empty]
    var set: Set<UInt8>
    var nothing: Int??

    init(random: inout SeededGenerator, depth: Int = 2) {
        func some<Value>(_ value: (inout SeededGenerator) -> Value) -> [Value] {
            (0..<random.next(4)).map { _ in value(&random) }
        }
        func maybe<Value>(_ value: @autoclosure () -> Value) -> Value? { random.next(2) == 0 ? nil : value() }
        bool = random.next(2) == 0
        int = [.max, .min, 0, -1, Int(truncatingIfNeeded: random.next())][random.next(5)]
        int8 = Int8(truncatingIfNeeded: random.next())
        int16 = Int16(truncatingIfNeeded: random.next())
        int32 = [.min, Int32(truncatingIfNeeded: random.next())][random.next(2)]
        int64 = [.min, Int64(truncatingIfNeeded: random.next())][random.next(2)]
        uint = UInt(truncatingIfNeeded: random.next())
        uint8 = UInt8(truncatingIfNeeded: random.next())
        uint16 = UInt16(truncatingIfNeeded: random.next())
        uint32 = UInt32(truncatingIfNeeded: random.next())
        uint64 = [.max, random.next()][random.next(2)]
        double = [random.double(), -0.0, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1][random.next(5)]
        let bits = Float(bitPattern: UInt32(truncatingIfNeeded: random.next()))
        float = bits.isFinite ? bits : 0.1
        text = random.text()
        self.maybe = maybe(random.text())
        maybeNumber = maybe(random.next(100))
        maybeMixed = depth > 0 ? maybe(some { Mixed(random: &$0, depth: depth - 1) }) : nil
        list = some { $0.next(2) == 0 ? nil : $0.next(1_000) }
        lists = some { generator in (0..<generator.next(3)).map { _ in generator.text(4) } }
        names = Dictionary(some { ($0.text(4), $0.double()) }, uniquingKeysWith: { $1 })
        numbers = Dictionary(some { ($0.next(2_000) - 1_000, $0.text(4)) }, uniquingKeysWith: { $1 })
        words = Dictionary(
            some { (Word.allCases[$0.next(3)], Choice(random: &$0, depth: 1)) }, uniquingKeysWith: { $1 })
        pairs = Dictionary(some { ($0.next(2) == 0, $0.next(9)) }, uniquingKeysWith: { $1 })
        choice = Choice(random: &random, depth: 3)
        choices = some { Choice(random: &$0, depth: 2) }
        empties = some { _ in Empty() }
        set = Set(some { UInt8($0.next(256)) })
        nothing = maybe(7)
    }
}

extension Mixed.Choice {
    init(random: inout SeededGenerator, depth: Int) {
        switch random.next(depth > 0 ? 4 : 3) {
        case 0: self = .plain
        case 1: self = .number(random.next(100))
        case 2: self = .named(text: random.text(), flag: [nil, true, false][random.next(3)])
        default: self = .inner((0..<random.next(4)).map { _ in Self(random: &random, depth: depth - 1) })
        }
    }
}
