import Glibc

/// A file path as the kernel sees it: bytes, of any encoding, without a zero byte.
///
/// A name on Linux need not be UTF-8. `String` would repair such a name and then no longer open the file, so paths
/// stay bytes until somebody reads them; `printable` is what a person gets to see.
public struct RawPath: Sendable, Hashable {
    /// The bytes, without the closing zero.
    public let bytes: [UInt8]

    /// Keeps exactly `bytes` up to the first zero byte, where every system call would stop reading.
    public init(bytes: some Sequence<UInt8>) {
        self.bytes = Array(bytes.prefix { $0 != 0 })
    }

    /// The UTF-8 bytes of `text`.
    ///
    /// For a command-line argument prefer `init(cString:)` with `CommandLine.unsafeArgv`: `CommandLine.arguments` has
    /// already replaced the bytes that are not UTF-8.
    public init(_ text: String) {
        self.init(bytes: text.utf8)
    }

    /// Copies a zero-terminated name, such as an entry of `CommandLine.unsafeArgv`.
    public init(cString: UnsafePointer<CChar>) {
        // proof: strlen bounds the buffer, and the bytes are copied before the call returns.
        let count = strlen(cString)
        self.init(bytes: UnsafeRawBufferPointer(start: cString, count: count))
    }

    /// This path with one more component, separated by exactly one slash.
    public func appending(_ component: some Sequence<UInt8>) -> RawPath {
        var joined = bytes
        if let last = joined.last, last != UInt8(ascii: "/") {
            joined.append(UInt8(ascii: "/"))
        }
        joined.append(contentsOf: component)
        return RawPath(bytes: joined)
    }

    /// This path with one more component, separated by exactly one slash.
    public func appending(_ component: String) -> RawPath {
        appending(component.utf8)
    }

    /// What follows the last slash; the whole path when it has none.
    public var lastComponent: ArraySlice<UInt8> {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return bytes[...] }
        return bytes[(slash + 1)...]
    }

    /// Everything before the last slash: `/` for an entry of the root, `.` for a bare name.
    public var folder: RawPath {
        guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return RawPath(".") }
        return slash == 0 ? RawPath("/") : RawPath(bytes: bytes[..<slash])
    }

    /// Whether this path is `folder` or lies below it, judged by the text of both paths alone.
    public func isInside(_ folder: RawPath) -> Bool {
        guard bytes.starts(with: folder.bytes) else { return false }
        return bytes.count == folder.bytes.count || folder.bytes.last == UInt8(ascii: "/")
            || bytes[folder.bytes.count] == UInt8(ascii: "/")
    }

    /// Calls `body` with the zero-terminated path; the pointer is valid only inside the call.
    public func withCString<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try withUnsafeTemporaryAllocation(of: CChar.self, capacity: bytes.count + 1) { buffer in
            // proof: the buffer holds count + 1 elements, and every one of them is written here.
            for (index, byte) in bytes.enumerated() {
                buffer.initializeElement(at: index, to: CChar(bitPattern: byte))
            }
            buffer.initializeElement(at: bytes.count, to: 0)
            return try body(UnsafePointer(buffer.baseAddress!))
        }
    }
}
