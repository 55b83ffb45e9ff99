#if Window
import Glibc
import ThumbnailKit

extension RawPath {
    /// As a person writes it: `~/Pictures` for a folder in the user's own.
    var shown: String {
        guard let home = getenv("HOME").map({ RawPath(cString: $0) }), isInside(home), home.bytes.count > 1 else {
            return printable
        }
        return "~" + RawPath(bytes: Array(bytes.dropFirst(home.bytes.count))).printable
    }

    /// The last part alone; the root has no other name than its path.
    var shownName: String {
        lastComponent.isEmpty ? printable : RawPath(bytes: Array(lastComponent)).printable
    }

    /// The path from `folder` on, when it is below it.
    func shown(from folder: RawPath) -> String {
        guard isInside(folder), bytes.count > folder.bytes.count else { return printable }
        let rest = bytes.dropFirst(folder.bytes.count).drop { $0 == UInt8(ascii: "/") }
        return RawPath(bytes: Array(rest)).printable
    }
}
#endif
