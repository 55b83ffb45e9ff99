extension ThumbnailError {
    /// The limit that decoding a picture went over. A later run whose own is larger tries the picture again.
    public struct Limit: Sendable, Hashable {
        /// What was limited.
        public enum Kind: String, Sendable, Hashable {
            /// Time of the processor, in milliseconds.
            case processorTime
            /// Time by the clock, in milliseconds.
            case time
            /// Memory, in bytes.
            case memory
        }

        /// What was limited.
        public let kind: Kind
        /// How much there was of it, in the unit of its kind.
        public let amount: Int

        public static func processorTime(_ limit: Duration) -> Limit {
            Limit(kind: .processorTime, milliseconds(limit))
        }
        public static func time(_ limit: Duration) -> Limit { Limit(kind: .time, milliseconds(limit)) }
        public static func memory(bytes: Int) -> Limit { Limit(kind: .memory, bytes) }

        private init(kind: Kind, _ amount: Int) {
            self.kind = kind
            self.amount = amount
        }

        /// Whole ones: a limit that was written to a file and read again is not smaller than itself.
        private static func milliseconds(_ duration: Duration) -> Int {
            Int((duration / .milliseconds(1)).rounded())
        }
    }
}

/// In the text of a fail entry: `processorTime 10000`
extension ThumbnailError.Limit: LosslessStringConvertible {
    public var description: String { "\(kind.rawValue) \(amount)" }

    public init?(_ description: String) {
        let words = description.split(separator: " ", omittingEmptySubsequences: false)
        guard words.count == 2, let kind = Kind(rawValue: String(words[0])), let amount = Int(words[1]) else {
            return nil
        }
        self.init(kind: kind, amount)
    }
}
