/// One call on a thread's stack.
public struct CrashFrame: Sendable, Hashable, Codable {
    /// The instruction: of the innermost frame the one that failed, else the one to return to.
    public var address: CrashAddress?
    /// The function, as a person reads it; nil without symbols.
    public var symbol: String?
    /// Bytes from the function's start.
    public var offset: Int?
    /// The name of the program or library that it is in.
    public var image: String?
    /// The source file, from debug information; never `<compiler-generated>`.
    public var file: String?
    /// The line in it, from 1.
    public var line: Int?
    /// The column, from 1.
    public var column: Int?
    /// The function was inlined into the next frame's.
    public var isInlined: Bool
    /// Not a call, but the compiler's note which of Swift's checks failed.
    public var isRuntimeFailure: Bool
    /// Belongs to the Swift runtime, the C library or the compiler, not to the program.
    public var isSystem: Bool
    /// The backtracer had mixed up the lines of inlined calls; they were put right, as far as that can be known.
    public var isReordered: Bool

    /// Creates a frame.
    public init(
        address: CrashAddress? = nil, symbol: String? = nil, offset: Int? = nil, image: String? = nil,
        file: String? = nil, line: Int? = nil, column: Int? = nil, isInlined: Bool = false,
        isRuntimeFailure: Bool = false, isSystem: Bool = false, isReordered: Bool = false
    ) {
        self.address = address
        self.symbol = symbol
        self.offset = offset
        self.image = image
        self.file = file
        self.line = line
        self.column = column
        self.isInlined = isInlined
        self.isRuntimeFailure = isRuntimeFailure
        self.isSystem = isSystem
        self.isReordered = isReordered
    }

    /// True for a frame that has a name and belongs to the program.
    public var isOwnCode: Bool { symbol != nil && !isSystem && !isRuntimeFailure }

    /// `file:line`; nil without debug information.
    public var place: String? {
        guard let file, let line else { return nil }
        return "\(file):\(line)"
    }

    /// The same with only the file's name and its folder.
    var shortPlace: String? {
        guard let file, let line else { return nil }
        return "\(file.split(separator: "/").suffix(2).joined(separator: "/")):\(line)"
    }
}

extension CrashFrame: CustomStringConvertible {
    /// `name at file:line`; without debug information `name in image`; without symbols the address.
    public var description: String {
        guard let symbol else {
            let spot = address.map(\.description) ?? "an unknown place"
            return image.map { "\(spot) in \($0)" } ?? spot
        }
        if let place { return "\(symbol) at \(place)\(isReordered ? " (line put right)" : "")" }
        return image.map { "\(symbol) in \($0)" } ?? symbol
    }
}
