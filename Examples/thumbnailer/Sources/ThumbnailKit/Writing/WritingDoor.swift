import Glibc

/// How bytes reach the file system; the one place where a test can put a full disk or a file system without `O_TMPFILE`.
struct WritingDoor: Sendable {
    /// Whether to try files without a name first.
    var usesUnnamedFiles = true
    /// `write(2)`: the count of bytes taken, or -1 with `errno` set.
    var write: @Sendable (Int32, UnsafeRawBufferPointer) -> Int = { Glibc.write($0, $1.baseAddress, $1.count) }
}
