/// Whatever a text of JSON holds.
indirect enum AnyJSON: Codable, Hashable {
    case null
    case bool(Bool)
    case signed(Int64)
    case unsigned(UInt64)
    case double(Double)
    case text(String)
    case list([AnyJSON])
    case object([String: AnyJSON])

    init(from decoder: any Decoder) throws {
        let field = try decoder.singleValueContainer()
        if field.decodeNil() {
            self = .null
        } else if let value = try? field.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? field.decode(Int64.self) {
            self = .signed(value)
        } else if let value = try? field.decode(UInt64.self) {
            self = .unsigned(value)
        } else if let value = try? field.decode(Double.self) {
            self = .double(value)
        } else if let value = try? field.decode(String.self) {
            self = .text(value)
        } else if let list = try? decoder.unkeyedContainer() {
            var (list, elements) = (list, [AnyJSON]())
            while !list.isAtEnd { elements.append(try list.decode(AnyJSON.self)) }
            self = .list(elements)
        } else {
            self = .object(try field.decode([String: AnyJSON].self))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var field = encoder.singleValueContainer()
        switch self {
        case .null: try field.encodeNil()
        case .bool(let value): try field.encode(value)
        case .signed(let value): try field.encode(value)
        case .unsigned(let value): try field.encode(value)
        case .double(let value): try field.encode(value)
        case .text(let value): try field.encode(value)
        case .list(let value): try field.encode(value)
        case .object(let value): try field.encode(value)
        }
    }

    static func random(_ random: inout SeededGenerator, depth: Int = 4) -> AnyJSON {
        switch random.next(depth > 0 ? 10 : 7) {
        case 0: .null
        case 1: .bool(random.next(2) == 0)
        case 2: .signed(Int64(bitPattern: random.next()) >> Int64(random.next(64)))
        case 3: .unsigned(random.next() | 1 << 63)
        case 4: .double(random.double() + 0.5)
        case 5, 6: .text(random.text())
        case 7: .list((0..<random.next(6)).map { _ in .random(&random, depth: depth - 1) })
        default:
            .object(
                Dictionary(
                    (0..<random.next(20)).map { _ in (random.text(4), .random(&random, depth: depth - 1)) },
                    uniquingKeysWith: { $1 }))
        }
    }

    /// The same, but numbers that were written with a fraction may have become whole: Foundation cuts it off from large ones.
    func isSame(as other: AnyJSON) -> Bool {
        switch (self, other) {
        case (.list(let left), .list(let right)):
            left.count == right.count && zip(left, right).allSatisfy { $0.isSame(as: $1) }
        case (.object(let left), .object(let right)):
            left.count == right.count && left.allSatisfy { name, value in right[name]?.isSame(as: value) ?? false }
        default:
            self == other || number.map { mine in other.number.map { abs($0 - mine) <= mine.ulp } ?? false } ?? false
        }
    }

    private var number: Double? {
        switch self {
        case .signed(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }
}

extension SeededGenerator {
    /// A finite one, of any size.
    mutating func double() -> Double {
        while true {
            let double = Double(bitPattern: next())
            if double.isFinite { return double }
        }
    }
}
