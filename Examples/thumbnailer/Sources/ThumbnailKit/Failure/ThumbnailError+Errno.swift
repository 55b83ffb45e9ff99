import CGdkPixbufSystem
import Glibc

extension ThumbnailError {
    /// The error for a system call that failed with `number`.
    static func system(_ operation: Operation, _ path: RawPath, errno number: Int32) -> ThumbnailError {
        ThumbnailError(code(for: number), operation, path, reason: reason(for: number), errno: number)
    }

    private static func code(for number: Int32) -> Code {
        switch number {
        case ENOENT: .notFound
        case EACCES, EPERM: .permissionDenied
        case ENOTDIR: .notFolder
        case ENOSPC, EDQUOT: .diskFull
        case EROFS: .readOnly
        case ENOMEM: .outOfMemory
        default: .system
        }
    }

    private static func reason(for number: Int32) -> String {
        // proof: g_strerror returns a string that lives for ever, and it may be called from any thread.
        let text = String(cString: g_strerror(number))
        // "Permission denied" stands in the middle of a sentence here; "I/O error" keeps its capitals.
        guard let first = text.first, let second = text.dropFirst().first, second.isLowercase else { return text }
        return first.lowercased() + text.dropFirst()
    }
}
