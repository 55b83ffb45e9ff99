/// A place in source code: where a worker passed a checkpoint.
public struct CallSite: Hashable, Sendable, Codable, CustomStringConvertible {
    /// `Module/File.swift`, as `#fileID` gives it.
    public let file: String
    /// The line, from 1.
    public let line: Int

    /// Creates a call site.
    public init(file: String, line: Int) {
        self.file = file
        self.line = line
    }

    /// Unpacks what ``pack(_:_:)`` made; nil for "none yet".
    init?(packed: UInt64) {
        guard packed != 0, let file = UnsafePointer<CChar>(bitPattern: UInt(packed >> 16)) else { return nil }
        // The pointer came from a StaticString: it lives as long as the program and ends with a NUL.
        self.init(file: String(cString: file), line: Int(packed & 0xFFFF))
    }

    /// File and line in one word, so that a reader on another thread never sees the file of one and the line of
    /// another. Addresses in user space have at most 48 bits on the platforms Roost runs on; lines past 65,535 wrap.
    @inlinable static func pack(_ file: StaticString, _ line: UInt) -> UInt64 {
        UInt64(UInt(bitPattern: file.utf8Start)) << 16 | UInt64(line & 0xFFFF)
    }

    public var description: String { "\(file):\(line)" }
}
