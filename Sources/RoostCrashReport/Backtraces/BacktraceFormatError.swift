/// Why a text could not be read as a backtrace, or not to its end.
public struct BacktraceFormatError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of trouble it is.
    public struct Code: RawRepresentable, Sendable, Hashable {
        /// A stable name.
        public let rawValue: String
        /// Creates a code.
        public init(rawValue: String) { self.rawValue = rawValue }
        /// There is nothing: the backtracer was killed, or could not write.
        public static let empty = Code(rawValue: "empty")
        /// It is no JSON, or no longer from some place on.
        public static let notJSON = Code(rawValue: "notJSON")
        /// It is JSON, but no backtrace that this version knows.
        public static let notABacktrace = Code(rawValue: "notABacktrace")
        /// It ends too early.
        public static let truncated = Code(rawValue: "truncated")
        /// It is larger than what is read of it.
        public static let tooLarge = Code(rawValue: "tooLarge")
    }

    /// What kind of trouble it is.
    public let code: Code
    /// The byte where it shows.
    public let offset: Int
    /// What was found there.
    public let message: String

    public var description: String {
        code == .empty ? "the backtracer wrote nothing" : "\(message) at byte \(offset) of what the backtracer wrote"
    }
}
