extension CrashReason.Kind {
    /// `fatalError`, or a message of the runtime that is none of the others.
    public static let fatalError = Self(rawValue: "fatalError")
    /// A precondition, the program's own or the standard library's.
    public static let precondition = Self(rawValue: "precondition")
    /// An assertion, of Swift or of C.
    public static let assertion = Self(rawValue: "assertion")
    /// An index that a collection does not have.
    public static let indexOutOfRange = Self(rawValue: "indexOutOfRange")
    /// An optional without a value was unwrapped.
    public static let unwrappedNil = Self(rawValue: "unwrappedNil")
    /// A number did not fit.
    public static let overflow = Self(rawValue: "overflow")
    /// A division by zero.
    public static let divisionByZero = Self(rawValue: "divisionByZero")
    /// `as!` to a type that the value does not have.
    public static let cast = Self(rawValue: "cast")
    /// Two accesses to one variable at a time.
    public static let exclusivity = Self(rawValue: "exclusivity")
    /// Code ran on another actor or queue than the one that it belongs to.
    public static let isolation = Self(rawValue: "isolation")
    /// An error that nobody caught: `try!`, or thrown out of the program.
    public static let uncaughtError = Self(rawValue: "uncaughtError")
    /// A C++ exception that nobody caught.
    public static let uncaughtException = Self(rawValue: "uncaughtException")
    /// The C library, or a sanitizer, found the memory damaged.
    public static let memoryDamage = Self(rawValue: "memoryDamage")
    /// The stack was used up.
    public static let stackOverflow = Self(rawValue: "stackOverflow")
    /// Memory that is not there, or not for this.
    public static let badPointer = Self(rawValue: "badPointer")
    /// A check that the compiler put in failed; which one is not known.
    public static let failedCheck = Self(rawValue: "failedCheck")
    /// The processor does not know the instruction.
    public static let illegalInstruction = Self(rawValue: "illegalInstruction")
    /// `abort`, without a word.
    public static let abort = Self(rawValue: "abort")
    /// SIGKILL: nobody asks the process.
    public static let killed = Self(rawValue: "killed")
    /// More processor time, or a larger file, than its limit allows.
    public static let limit = Self(rawValue: "limit")
    /// The program could not be loaded.
    public static let notLoaded = Self(rawValue: "notLoaded")
    /// Another signal.
    public static let signal = Self(rawValue: "signal")
    /// It left by itself, with whatever status.
    public static let exited = Self(rawValue: "exited")

    /// The kind of the check that a message of the Swift runtime speaks of.
    init(ofCheck text: String) {
        let kinds: [(String, Self)] = [
            ("Unexpectedly found nil", .unwrappedNil),
            ("ivision by zero", .divisionByZero), ("out of range", .indexOutOfRange),
            ("out of bounds", .indexOutOfRange), ("Negative Array index", .indexOutOfRange),
            ("overflow", .overflow), ("Not enough bits", .overflow),
            ("expression unexpectedly raised an error", .uncaughtError),
            ("Error raised at top level", .uncaughtError), ("Could not cast value", .cast), ("type cast", .cast),
            ("actor executor", .isolation), ("Precondition failed", .precondition), ("precondition", .precondition),
            ("lowerBound <= upperBound", .precondition), ("Assertion failed", .assertion),
        ]
        self = kinds.first { text.contains($0.0) }?.1 ?? (text.hasPrefix("Swift runtime") ? .failedCheck : .fatalError)
    }
}
