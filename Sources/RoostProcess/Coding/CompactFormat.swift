// How a value is written. Both sides are of one version of Roost, so that this may change with any of them.
//
// A value is a tag and what the tag says follows; numbers are little-endian. A list and a keyed one say first how many bytes follow, so
// that nobody has to look into what is skipped.
//
//   list   size: UInt32, count: UInt32, values
//   keyed  size: UInt32, then for each entry its key (a byte with its length, or 255 and a UInt32; UTF-8) and its value

/// What kind of value follows.
enum CompactTag: UInt8 {
    case null = 0
    case no
    case yes
    /// Int8; what fits is written so.
    case small
    /// Int64.
    case signed
    /// UInt64, of what Int64 does not hold.
    case unsigned
    /// The bits of a Double.
    case double
    /// The bits of a Float.
    case float
    /// Size: UInt32, UTF-8.
    case text
    /// Size: UInt32, the bytes of a `[UInt8]`.
    case bytes
    case list
    case keyed
}

/// How deep values may lie in each other; a value that holds itself ends here, and not with the stack.
let compactDepth = 256
