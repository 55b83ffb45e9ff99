import CRoostProcess
import Glibc

/// Which program this is: its path, and the linker's own number for its contents.
enum ExecutableIdentity {
    static let path: String = {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
        return count > 0
            ? String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
            : CommandLine.arguments.first ?? ""
    }()

    /// The GNU build id in hexadecimal digits; without one, size and time of the file.
    static let build: String = {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = roost_build_id(&buffer, buffer.count)
        if count > 0 {
            return buffer[..<count].map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
        }
        var status = stat()
        guard stat("/proc/self/exe", &status) == 0 else { return "unknown" }
        return "\(status.st_size)-\(status.st_mtim.tv_sec)-\(status.st_mtim.tv_nsec)"
    }()
}
