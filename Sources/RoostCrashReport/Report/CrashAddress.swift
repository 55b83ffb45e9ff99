/// An address in the crashed process. In JSON it is a text such as `0x7f00`: many readers of JSON round large numbers.
public struct CrashAddress: RawRepresentable, Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral {
    /// The address as a number.
    public let rawValue: UInt64
    /// Creates an address.
    public init(rawValue: UInt64) { self.rawValue = rawValue }
    /// Creates an address.
    public init(integerLiteral value: UInt64) { rawValue = value }

    /// Reads `0x7f00` or `7f00`; nil for anything else.
    public init?(hexadecimal text: some StringProtocol) {
        let digits = text.hasPrefix("0x") ? text.dropFirst(2) : text[...]
        // The standard library's reader would take a sign.
        guard digits.utf8.first != 0x2B, digits.utf8.first != 0x2D, let value = UInt64(digits, radix: 16) else {
            return nil
        }
        rawValue = value
    }

    public static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    /// How far it is from another one, whichever is larger.
    func distance(to other: Self) -> UInt64 {
        rawValue < other.rawValue ? other.rawValue - rawValue : rawValue - other.rawValue
    }
}

extension CrashAddress: CustomStringConvertible {
    public var description: String { "0x" + String(rawValue, radix: 16) }
}

extension CrashAddress: Codable {
    public init(from decoder: any Decoder) throws {
        let field = try decoder.singleValueContainer()
        guard let address = Self(hexadecimal: try field.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: field, debugDescription: "not an address")
        }
        self = address
    }

    public func encode(to encoder: any Encoder) throws {
        var field = encoder.singleValueContainer()
        try field.encode(description)
    }
}
